import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EarshotError } from '../errors.ts';
import { absent, fileFailure } from './failures.ts';
import { assertKey } from './keys.ts';
import type { Storage } from './storage.ts';

/** `adopt` of a bucket: puts the file's bytes, then removes the file. */
export async function adoptByUpload(
  storage: Storage,
  key: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  assertKey(key);
  if (!(await stat(path).catch(() => null))?.isFile())
    throw new EarshotError('not_found', 'the file to be brought into the storage does not exist');
  await storage.put(key, createReadStream(path, { highWaterMark: 1 << 20 }), signal ? { signal } : {});
  await rm(path, { force: true });
}

/**
 * `toLocal` of a bucket: a copy in `folder` (made when missing) that is whole, or not there. Keys of the same last segment
 * get different names; the extension is kept for those who go by it.
 */
export async function download(
  storage: Storage,
  key: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const object = await storage.stat(key);
  if (object === null) throw absent(key);
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const path = join(folder, `${digest}-${basename(key)}`);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const bytes = await storage.get(key);
    const file = createWriteStream(temporary, { flags: 'wx', mode: 0o600 });
    await pipeline(bytes, file, signal ? { signal } : {});
    await rename(temporary, path);
    return path;
  } catch (error) {
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    throw fileFailure(error, 'read', key);
  }
}
