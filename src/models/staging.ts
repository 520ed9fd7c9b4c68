import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../util/atomic-write.ts';
import { acquireLock, type Lock } from '../util/lock.ts';
import type { Clock } from '../util/clock.ts';
import { EarshotError } from '../errors.ts';
import { modelFolder } from './folder.ts';

const LOCK_POLL_MS = 500;

/** Where a pull collects files until all are there. It outlives a killed process, so that the next one can resume. */
export function stagingFolder(modelsDir: string, name: string): string {
  return join(modelsDir, `.pulling-${name}`);
}

/** Inside of it: `folder` becomes the model's own, `parts` holds unfinished files and notes about them. */
export function stagingFolders(modelsDir: string, name: string): { folder: string; parts: string } {
  const staging = stagingFolder(modelsDir, name);
  return { folder: join(staging, 'model'), parts: join(staging, 'parts') };
}

/** Bytes that an unfinished pull already has on disk. */
export async function stagedBytes(modelsDir: string, name: string): Promise<number> {
  let bytes = 0;
  for (const folder of Object.values(stagingFolders(modelsDir, name)))
    for (const file of await readdir(folder).catch(() => [])) bytes += (await stat(join(folder, file))).size;
  return bytes;
}

/**
 * Makes the staging folder and locks it for this process. While another pulls the same model this waits for it; the
 * caller then has to look again whether the model is there.
 */
export async function lockStaging(
  modelsDir: string,
  name: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Lock> {
  await mkdir(stagingFolder(modelsDir, name), { recursive: true });
  for (;;) {
    try {
      return await acquireLock(join(modelsDir, `.pulling-${name}.lock`), `model ${name}`);
    } catch (error) {
      if (!(error instanceof EarshotError) || error.code !== 'locked') throw error;
      await clock.sleep(LOCK_POLL_MS, signal);
    }
  }
}

/** The one moment at which a model appears: everything is in the staging folder, which takes the model's name. */
export async function publishStaging(modelsDir: string, name: string): Promise<void> {
  const folder = modelFolder(modelsDir, name);
  const { folder: staged } = stagingFolders(modelsDir, name);
  await syncFolder(staged);
  if (await stat(folder).catch(() => null)) {
    // Not an installed model, or nobody would pull it: a broken one, or files that do not belong to it.
    const aside = join(modelsDir, `.replaced-${name}`);
    await rm(aside, { recursive: true, force: true });
    await rename(folder, aside);
    await rename(staged, folder);
    await rm(aside, { recursive: true, force: true });
  } else {
    await rename(staged, folder);
  }
  await syncFolder(modelsDir);
  await rm(stagingFolder(modelsDir, name), { recursive: true, force: true });
}
