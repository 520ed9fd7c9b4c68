import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fetchToFile } from '../util/fetch-to-file.ts';
import type { Context } from './command.ts';
import type { Input } from './inputs.ts';

/** A recording as a file that ffmpeg can seek in; `release` removes it where it is a copy. */
export interface LocalCopy {
  readonly path: string;
  release(): Promise<void>;
}

/** The input's own file, or what stdin or the URL gives, streamed to disk under a name of ours. */
export async function localCopy(
  input: Input,
  context: Context,
  onProgress: (fraction: number) => void,
): Promise<LocalCopy> {
  if (input.kind === 'file') return { path: input.source, release: () => Promise.resolve() };
  const folder = join(context.folders.work, 'incoming');
  await mkdir(folder, { recursive: true });
  const path = join(folder, randomUUID());
  const release = (): Promise<void> => rm(path, { force: true });
  const { signal, settings, stdin } = context;
  try {
    if (input.kind === 'stdin') await pipeline(stdin, createWriteStream(path), { signal });
    else
      await fetchToFile(input.source, path, {
        maxBytes: settings.maxDownloadMb * 1e6,
        allowPrivate: settings.allowPrivate,
        signal,
        onProgress,
      });
  } catch (error) {
    await release();
    throw error;
  }
  return { path, release };
}
