import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { temporaryIn } from './temporary-file.ts';

/** What a file is to hold: a whole, or pieces of text that are asked for while it is written. */
export type FileData = string | Uint8Array | Iterable<string>;

/**
 * Writes a whole file or nothing: temporary file of our own name beside the target, fsync, rename, fsync of the folder.
 * The folder is made when missing. Rejects with the file system's own error, or what `data` throws; the temporary file
 * is then removed.
 */
export async function atomicWrite(path: string, data: FileData, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = temporaryIn(folder);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await writeAll(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Characters that are written at once: a write for every piece would take longer than making it. */
const WRITE_CHARS = 64 * 1024;

/** Writes data to the end of an open file. */
export async function writeAll(file: FileHandle, data: FileData): Promise<void> {
  if (typeof data === 'string' || data instanceof Uint8Array) return file.writeFile(data);
  let waiting = '';
  for (const piece of data) {
    waiting += piece;
    if (waiting.length < WRITE_CHARS) continue;
    await file.writeFile(waiting);
    waiting = '';
  }
  await file.writeFile(waiting);
}

/** Makes a rename in this folder survive a power cut, where the platform allows to fsync a folder. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync();
  } catch {
    // Windows and some network file systems cannot fsync a folder; the rename itself is still atomic there.
  } finally {
    await handle.close();
  }
}
