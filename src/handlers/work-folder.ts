import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock } from '../util/lock.ts';

/** A folder of this process alone. */
export interface WorkFolder {
  readonly path: string;
  /** Removes it with all that is in it. */
  close(): Promise<void>;
}

const NAME = /^serve-[0-9a-f]{16}$/;

/**
 * Makes a folder for a server's work under `root`, which exists, and removes those of servers that were killed. A lock
 * beside each says that it is in use: process ids are the same in every container.
 */
export async function openWorkFolder(root: string): Promise<WorkFolder> {
  for (const name of await readdir(root))
    if (NAME.test(name)) {
      const lock = await acquireLock(join(root, `${name}.lock`), name).catch(() => null);
      if (lock === null) continue; // another server works there
      await rm(join(root, name), { recursive: true, force: true });
      await lock.release();
    }
  const path = join(root, `serve-${randomBytes(8).toString('hex')}`);
  const lock = await acquireLock(`${path}.lock`, path);
  await mkdir(path, { mode: 0o700 });
  return {
    path,
    async close() {
      await rm(path, { recursive: true, force: true });
      await lock.release();
    },
  };
}
