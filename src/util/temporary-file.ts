import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A path for what is to be renamed within the folder once it is whole. */
export const temporaryIn = (folder: string): string =>
  join(folder, `.earshot-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);

const NAME = /^\.earshot-\d+-[0-9a-f]{12}\.tmp$/;

/** Removes such files whose writers were killed: nobody has written to them since `before`, milliseconds since the epoch. */
export async function sweepTemporary(folder: string, before: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && found.mtimeMs < before) await rm(path, { force: true });
  }
}
