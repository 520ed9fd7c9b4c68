import { mkdir, readFile, rm } from 'node:fs/promises';
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
  /** Ends the run: the folder stays for a later one, or goes when `finished`. */
  close(finished: boolean): Promise<void>;
}

/** Opens the work of `key` under `root`. Without `resume` it starts empty. Rejects with `locked`. */
export async function openWork(root: string, key: string, resume: boolean, what: string): Promise<Work> {
  await mkdir(root, { recursive: true });
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
    close: async (finished) => {
      await rm(finished ? folder : scratch, { recursive: true, force: true });
      await lock.release();
    },
  };
}
