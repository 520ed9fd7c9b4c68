import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EarshotError, toEarshotError } from '../errors.ts';
import { temporaryIn } from './temporary-file.ts';

/** Makes the folder when missing and proves, by writing, that files can be made in it. Rejects with `output_unwritable` or `disk_full`. */
export async function assertWritable(folder: string): Promise<void> {
  const probe = temporaryIn(folder);
  try {
    await makeFolder(folder);
    await writeFile(probe, 'earshot', { flag: 'wx' });
  } catch (cause) {
    const error = toEarshotError(cause);
    if (error.code === 'disk_full') throw error;
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new EarshotError('output_unwritable', `cannot write to the folder ${folder}: ${why}`, {
      hint: 'choose another folder with --out',
      cause,
    });
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/**
 * mkdir -p. Node's own, given a folder whose parent exists and yet refuses with ENOENT (as in /proc), tries for ever.
 */
async function makeFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => null);
  if (there?.isDirectory()) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || there !== null) throw error; // made by another process meanwhile: fine
  });
}
