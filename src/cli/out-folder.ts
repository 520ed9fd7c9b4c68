import { stat } from 'node:fs/promises';
import { EarshotError } from '../errors.ts';
import { assertWritable } from '../util/assert-writable.ts';

/** Makes the folder for results and proves that it can be written. Rejects with `output_unwritable` or `disk_full`. */
export async function makeOutFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => null);
  if (there?.isFile())
    throw new EarshotError('output_unwritable', `${folder} is a file, not a folder`, {
      hint: 'choose another folder with --out',
    });
  await assertWritable(folder);
}
