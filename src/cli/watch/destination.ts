import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { EarshotError } from '../../errors.ts';
import { openBucket } from '../../storage/index.ts';
import type { Storage } from '../../storage/storage.ts';
import { makeOutFolder } from '../out-folder.ts';
import { atomicWriteAll } from '../../util/atomic-write-all.ts';

/** Where results go, under names like those of the recordings. */
export interface Destination {
  /** The whole address of a result. */
  addressOf(name: string): string;
  exists(name: string): Promise<boolean>;
  /** Writes the results of one recording, replacing what is there; in a folder all or none, in a bucket in this order. */
  save(files: readonly { readonly name: string; readonly data: string }[]): Promise<void>;
  close(): Promise<void>;
}

/** The folder or bucket that --out names. Rejects with `output_unwritable` for a folder that cannot be written. */
export async function openDestination(out: string, cwd: string): Promise<Destination> {
  if (/^(?:gs|s3):/i.test(out)) return bucketDestination(await openBucket(out));
  const folder = resolve(cwd, out);
  await makeOutFolder(folder);
  return folderDestination(folder);
}

/** Results in a folder; names from a bucket that lead out of it, or that no file can have, are refused. */
export function folderDestination(folder: string): Destination {
  const pathOf = (name: string): string => {
    const isSafe = name.split('/').every((part) => !/^\.{0,2}$|[\\\p{Cc}]/u.test(part));
    if (isSafe) return join(folder, name);
    throw new EarshotError(
      'output_unwritable',
      `${JSON.stringify(name)} is no name for a file below ${folder}`,
      {
        hint: 'rename the object',
      },
    );
  };
  return {
    addressOf: pathOf,
    exists: (name) =>
      access(pathOf(name)).then(
        () => true,
        () => false,
      ),
    save: (files) => atomicWriteAll(files.map(({ name, data }) => ({ path: pathOf(name), data }))),
    close: () => Promise.resolve(),
  };
}

/** Results as objects beside others. */
export function bucketDestination(storage: Storage): Destination {
  return {
    addressOf: (name) => `${storage.url}${name}`,
    exists: async (name) => (await storage.stat(name)) !== null,
    save: async (files) => {
      for (const { name, data } of files) await storage.put(name, Readable.from([Buffer.from(data)]));
    },
    close: () => storage.close(),
  };
}
