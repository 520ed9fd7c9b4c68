import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EarshotClient } from '../client/client.ts';
import { EarshotApiError } from '../client/error.ts';
import type { Upload } from '../client/uploads.ts';
import { atomicWrite } from '../util/atomic-write.ts';
import { sha256 } from '../util/hash.ts';
import type { Context } from './command.ts';

export interface SendOptions {
  readonly name: string;
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Sends a file. Where it is on its way is noted in the work folder until `forget` is called, so that the same command
 * after an interruption goes on from there: the note is of this file, as it is now, for this server.
 */
export async function sendFile(
  client: EarshotClient,
  path: string,
  { name, onProgress, signal }: SendOptions,
  { folders, settings }: Pick<Context, 'folders' | 'settings'>,
): Promise<{ readonly upload: Upload; readonly forget: () => Promise<void> }> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  const what = [settings.server, path, found?.ino, found?.size, found?.mtimeNs].join('\n');
  const record = join(folders.work, 'uploads', sha256(what));
  const forget = (): Promise<void> => rm(record, { force: true });
  const send = (url: string | null): Promise<Upload> =>
    client.uploads.create(path, {
      name,
      signal,
      ...(url === null ? {} : { url }),
      onBegin: (begun) => atomicWrite(record, begun),
      onProgress: (sent, total) => onProgress(total === null || total === 0 ? 0 : sent / total),
    });
  const begun = await readFile(record, 'utf8').catch(() => null);
  if (begun === null) return { upload: await send(null), forget };
  try {
    return { upload: await send(begun), forget };
  } catch (error) {
    // It expired, a job was made of it, or the server is another one at the same address.
    if (!(error instanceof EarshotApiError) || error.status === null || error.status >= 500) throw error;
    await forget();
    return { upload: await send(null), forget };
  }
}
