import { statfs } from 'node:fs/promises';
import { EarshotError, toEarshotError } from '../errors.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { findModel } from './catalogue.ts';
import { downloadFile } from './download.ts';
import { modelFolder } from './folder.ts';
import { installedManifest } from './installed.ts';
import { writeManifest, type InstalledFile } from './manifest.ts';
import { modelBytes, type Model } from './model.ts';
import { lockStaging, publishStaging, stagedBytes, stagingFolders } from './staging.ts';
import { verifyFiles } from './verify.ts';

export interface PullOptions {
  readonly modelsDir: string;
  /** A mirror (EARSHOT_MODEL_BASE_URL): the path of each file's URL is appended to it. null: the publishers' hosts. */
  readonly baseUrl: string | null;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  /** Bytes of the whole model that are here, and all of its bytes or null while some size is not known. */
  readonly onProgress?: (done: number, total: number | null) => void;
  readonly clock?: Clock;
}

/**
 * Puts a model of the catalogue on this machine, or does nothing when it is there. What an earlier pull left unfinished
 * is resumed; files put into the model's folder by hand are taken when they pass the check; the model appears complete
 * or not at all. Rejects with `model_unknown`, `model_missing` (no way to the publisher), `download_failed`,
 * `model_corrupt` (size or sha256 is not the stated one), `disk_full` or `cancelled`.
 */
export async function pullModel(name: string, options: PullOptions): Promise<void> {
  await pullFiles(findModel(name), options);
}

/** The same for any model, of the catalogue or not. */
export async function pullFiles(model: Model, options: PullOptions): Promise<void> {
  const { modelsDir, signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  try {
    if (await installedManifest(modelsDir, model)) return;
    const lock = await lockStaging(modelsDir, model.name, clock, signal);
    try {
      if ((await installedManifest(modelsDir, model)) || (await adoptByHand(model, options))) return;
      await checkSpace(model, modelsDir);
      const files = await downloadAll(model, options);
      const pulledAt = new Date(clock.now()).toISOString();
      await writeManifest(stagingFolders(modelsDir, model.name).folder, {
        schema: 'earshot.model/1',
        name: model.name,
        pulled_at: pulledAt,
        files,
      });
      await publishStaging(modelsDir, model.name);
    } finally {
      await lock.release();
    }
  } catch (error) {
    throw pullError(model, options, error);
  }
}

async function downloadAll(model: Model, options: PullOptions): Promise<InstalledFile[]> {
  const folders = stagingFolders(options.modelsDir, model.name);
  const sizes = new Map(model.files.map((file) => [file.name, file.bytes]));
  const files: InstalledFile[] = [];
  let before = 0;
  for (const file of model.files) {
    const done = await downloadFile(file, {
      ...options,
      ...folders,
      onProgress: (bytes, size) => {
        sizes.set(file.name, size);
        options.onProgress?.(before + bytes, sum(sizes.values()));
      },
    });
    sizes.set(file.name, done.bytes);
    before += done.bytes;
    files.push(done);
  }
  return files;
}

function sum(sizes: Iterable<number | null>): number | null {
  let total = 0;
  for (const size of sizes) {
    if (size === null) return null;
    total += size;
  }
  return total;
}

async function adoptByHand(model: Model, { modelsDir, signal, clock }: PullOptions): Promise<boolean> {
  try {
    return (await verifyFiles(modelsDir, model, { ...(signal && { signal }), ...(clock && { clock }) })).ok;
  } catch (error) {
    if (error instanceof EarshotError && error.code === 'model_missing') return false;
    throw error;
  }
}

/** Gigabytes are not fetched to find out at the end that they do not fit. */
async function checkSpace(model: Model, modelsDir: string): Promise<void> {
  const bytes = modelBytes(model);
  const disk = await statfs(modelsDir).catch(() => null);
  if (bytes === null || disk === null) return;
  const needed = bytes - (await stagedBytes(modelsDir, model.name));
  if (disk.bavail * disk.bsize >= needed) return;
  throw new EarshotError(
    'disk_full',
    `model ${model.name} needs ${megabytes(needed)}, ${modelsDir} has ${megabytes(disk.bavail * disk.bsize)} left`,
    { hint: 'free some space, or choose another folder with --models' },
  );
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

function pullError(model: Model, options: PullOptions, error: unknown): EarshotError {
  const known = toEarshotError(error);
  if (known.code !== 'model_missing' && known.code !== 'download_failed') return known;
  const folder = modelFolder(options.modelsDir, model.name);
  const byHand =
    `fetch the files that earshot models list ${model.name} --json names elsewhere, put them into ${folder}, ` +
    `and run: earshot models verify ${model.name}`;
  const offline = known.code === 'model_missing';
  return new EarshotError(
    known.code,
    `model ${model.name}${offline ? ' is out of reach from this machine' : ''}: ${known.message}`,
    {
      hint: offline
        ? `offline: --no-pull takes only what is here; set EARSHOT_MODEL_BASE_URL to a mirror within reach, or ${byHand}`
        : `try again (finished parts are kept), set EARSHOT_MODEL_BASE_URL to a mirror, or ${byHand}`,
      cause: known,
    },
  );
}
