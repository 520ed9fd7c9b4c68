import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EarshotError } from '../errors.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { sha256File } from '../util/hash.ts';
import { findModel } from './catalogue.ts';
import { modelFolder } from './folder.ts';
import { readManifest, writeManifest, type InstalledFile } from './manifest.ts';
import type { Model, ModelFile } from './model.ts';

export interface VerifiedFile {
  readonly name: string;
  readonly path: string;
  /** null: it is what it should be. Otherwise what is wrong, for people. */
  readonly problem: string | null;
  readonly pinnedBy: InstalledFile['pinned_by'];
}

export interface VerifiedModel {
  readonly name: string;
  readonly ok: boolean;
  readonly files: readonly VerifiedFile[];
}

/**
 * Reads every file of a model whole and compares size and sha256 with the catalogue and, where that does not know them,
 * with what the first pull wrote down. Files that were put into the folder by hand become an installed model when they
 * pass. Rejects with `model_unknown`, or `model_missing` when the model's folder does not exist.
 */
export async function verifyModel(
  modelsDir: string,
  name: string,
  options: { readonly signal?: AbortSignal; readonly clock?: Clock } = {},
): Promise<VerifiedModel> {
  return verifyFiles(modelsDir, findModel(name), options);
}

/** The same for any model, of the catalogue or not. */
export async function verifyFiles(
  modelsDir: string,
  model: Model,
  options: { readonly signal?: AbortSignal; readonly clock?: Clock } = {},
): Promise<VerifiedModel> {
  const folder = modelFolder(modelsDir, model.name);
  if ((await stat(folder).catch(() => null)) === null)
    throw new EarshotError('model_missing', `model ${model.name} is not on this machine`, {
      hint: `earshot models pull ${model.name}`,
    });
  const manifest = await readManifest(folder);
  const checked = [];
  for (const file of model.files) {
    const pinned = manifest?.files.find((candidate) => candidate.name === file.name) ?? null;
    checked.push(await checkFile(folder, file, pinned, options.signal));
  }
  const ok = checked.every(({ problem }) => problem === null);
  if (ok && manifest === null)
    await writeManifest(folder, {
      schema: 'earshot.model/1',
      name: model.name,
      pulled_at: new Date((options.clock ?? systemClock).now()).toISOString(),
      files: checked.map(({ found }) => found as InstalledFile),
    });
  return { name: model.name, ok, files: checked.map(({ found: _, ...file }) => file) };
}

async function checkFile(
  folder: string,
  file: ModelFile,
  pinned: InstalledFile | null,
  signal?: AbortSignal,
): Promise<VerifiedFile & { readonly found: InstalledFile | null }> {
  const path = join(folder, file.name);
  const pinnedBy = file.sha256 !== null ? 'catalogue' : (pinned?.pinned_by ?? 'first-pull');
  const wrong = (problem: string) => ({ name: file.name, path, pinnedBy, problem, found: null }) as const;
  const size = (await stat(path).catch(() => null))?.size;
  if (size === undefined) return wrong('missing');
  const bytes = file.bytes ?? pinned?.bytes ?? size;
  if (size !== bytes) return wrong(`expected ${bytes} bytes, found ${size}`);
  const sha256 = await sha256File(path, signal);
  const expected = file.sha256 ?? pinned?.sha256 ?? sha256;
  if (sha256 !== expected) return wrong(`expected sha256 ${expected}, found ${sha256}`);
  const found = { name: file.name, url: file.url, bytes: size, sha256, pinned_by: pinnedBy } as const;
  return { name: file.name, path, pinnedBy, problem: null, found };
}
