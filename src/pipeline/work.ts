import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { atomicWrite } from '../util/atomic-write.ts';
import { acquireLock } from '../util/lock.ts';

/**
 * The folder of one run: waveforms, and a checkpoint for everything that was finished. It is named by the recording and
 * the options, so the same command finds its own work again after a kill; a lock keeps two runs apart.
 */
export interface Work {
  readonly folder: string;
  /** Temporary files of engines; emptied when the work is opened. */
  readonly scratch: string;
  /** The value saved under a name, as `parse` reads it; null when there is none or it cannot be read. */
  load<T>(name: string, parse: (json: unknown) => T): Promise<T | null>;
  save(name: string, value: unknown): Promise<void>;
  /** Ends the run: the folder stays for a later one, or goes when it is `disposable`. */
  close(disposable: boolean): Promise<void>;
}

/** Opens the work of `key` under `root`. Without `resume` it starts empty. Rejects with `locked`. */
export async function openWork(root: string, key: string, resume: boolean, what: string): Promise<Work> {
  await mkdir(root, { recursive: true });
  await removeAbandoned(root);
  const folder = join(root, key);
  const scratch = join(folder, 'scratch');
  const lock = await acquireLock(`${folder}.lock`, what);
  try {
    await rm(resume ? scratch : folder, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    folder,
    scratch,
    load: async (name, parse) => {
      try {
        return parse(JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')));
      } catch {
        return null; // never written, or by another version: the step is done again
      }
    },
    save: (name, value) => atomicWrite(join(folder, `${name}.json`), JSON.stringify(value)),
    close: async (disposable) => {
      await rm(disposable ? folder : scratch, { recursive: true, force: true });
      await lock.release();
    },
  };
}

/** A run that nobody took up again for this long is given up; an hour of audio is 115 MB. */
const ABANDONED_MS = 14 * 24 * 3_600_000;

async function removeAbandoned(root: string): Promise<void> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join(root, entry.name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs < ABANDONED_MS) continue;
    const lock = await acquireLock(`${folder}.lock`, entry.name).catch(() => null);
    if (lock === null) continue; // somebody is at it after all
    await rm(folder, { recursive: true, force: true });
    await lock.release();
  }
}
