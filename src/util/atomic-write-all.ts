import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, writeAll, type FileData } from './atomic-write.ts';
import { temporaryIn } from './temporary-file.ts';

/** One file of a set. */
export interface FileContent {
  readonly path: string;
  readonly data: FileData;
}

/**
 * Writes several files so that no failure leaves half of them: all are written and synced under names of our own first
 * (this is where disks fill up), then renamed in the order given. Folders are made when missing. Rejects with the file
 * system's own error, or what `data` throws; the temporary files are then removed.
 */
export async function atomicWriteAll(files: readonly FileContent[]): Promise<void> {
  const temporary: string[] = [];
  try {
    for (const { path, data } of files) {
      await mkdir(dirname(path), { recursive: true });
      const next = temporaryIn(dirname(path));
      temporary.push(next);
      const file = await open(next, 'wx', 0o644);
      try {
        await writeAll(file, data);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    for (const [index, { path }] of files.entries()) await rename(temporary[index] as string, path);
  } catch (error) {
    await Promise.all(temporary.map((path) => rm(path, { force: true })));
    throw error;
  }
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) await syncFolder(folder);
}
