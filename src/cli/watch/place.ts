import { stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EarshotClient } from '../../client/client.ts';
import { EarshotError } from '../../errors.ts';
import { openBucket } from '../../storage/index.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Context } from '../command.ts';
import { isMedia, mediaBelow } from '../inputs.ts';
import { makeOutFolder } from '../out-folder.ts';
import { sendFile, type SendOptions } from '../upload-records.ts';
import { bucketDestination, folderDestination, type Destination } from './destination.ts';

/** A recording of a place. Another `generation` under the same name is another recording. */
export interface Seen {
  /** Below the place, with '/'. */
  readonly name: string;
  readonly generation: string;
}

/** Where recordings appear. */
export interface Place {
  /** Always the same for the same place. */
  readonly address: string;
  /** Whether files appear before they are whole. */
  readonly isGradual: boolean;
  /** What is there now, by name. */
  look(): Promise<Seen[]>;
  /** Sends a recording; `forget` when a job is made of it. Rejects when it is not the one that was seen any more. */
  send(
    seen: Seen,
    client: EarshotClient,
    options: Omit<SendOptions, 'name'>,
  ): Promise<{ readonly uploadId: string; readonly forget: () => Promise<void> }>;
  /** Results beside the recordings. Rejects with `output_unwritable` where none can be written. */
  beside(): Promise<Destination>;
  close(): Promise<void>;
}

/** Opens the place that an argument names. Rejects with `recording_not_found` for a folder that there is not. */
export async function openPlace(given: string, context: Context): Promise<Place> {
  if (/^(?:gs|s3):/i.test(given)) return bucketPlace(await openBucket(given));
  const folder = /^file:/i.test(given) ? fileURLToPath(given) : resolve(context.cwd, given);
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw new EarshotError('recording_not_found', `there is no folder ${folder} to watch`);
  return folderPlace(folder, context);
}

function folderPlace(folder: string, context: Context): Place {
  const generationOf = async (path: string): Promise<string | null> => {
    const found = await stat(path, { bigint: true }).catch(() => null);
    if (found === null || found.size === 0n) return null; // gone again, or somebody is about to write it
    return `${found.ino.toString(36)}-${found.mtimeNs.toString(36)}-${found.size.toString(36)}`;
  };
  return {
    address: folder,
    isGradual: true,
    look: async () => {
      const seen: Seen[] = [];
      for (const path of await mediaBelow(folder)) {
        const generation = await generationOf(path);
        if (generation !== null) seen.push({ name: relative(folder, path).split(sep).join('/'), generation });
      }
      return seen;
    },
    send: async ({ name, generation }, client, options) => {
      const path = join(folder, name);
      const { upload, forget } = await sendFile(client, path, { ...options, name: basename(path) }, context);
      if ((await generationOf(path)) !== generation) throw changed(name);
      return { uploadId: upload.id, forget };
    },
    beside: async () => {
      await makeOutFolder(folder);
      return folderDestination(folder);
    },
    close: () => Promise.resolve(),
  };
}

/** Objects appear whole, so they are taken as soon as they are seen. */
function bucketPlace(storage: Storage): Place {
  return {
    address: storage.url,
    isGradual: false,
    look: async () => {
      const seen: Seen[] = [];
      for await (const { key, bytes, generation } of storage.list(''))
        if (bytes > 0 && isMedia(key) && !basename(key).startsWith('.')) seen.push({ name: key, generation });
      return seen;
    },
    send: async ({ name, generation }, client, { onProgress, signal }) => {
      const found = await storage.stat(name);
      if (found?.generation !== generation) throw changed(name);
      const stream = await storage.get(name);
      const upload = await client.uploads.create(stream, {
        name: basename(name),
        signal,
        onProgress: (sent) => onProgress(sent / found.bytes),
      });
      if ((await storage.stat(name))?.generation !== generation) throw changed(name);
      return { uploadId: upload.id, forget: () => Promise.resolve() };
    },
    beside: () => Promise.resolve(bucketDestination(storage)),
    close: () => storage.close(),
  };
}

const changed = (name: string): EarshotError =>
  new EarshotError('recording_unreadable', `${name} was changed or removed before it was sent`);
