import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EarshotError } from '../errors.ts';
import { catalogue, findModel } from './catalogue.ts';
import { modelFolder } from './folder.ts';
import { readManifest, type InstalledFile, type Manifest } from './manifest.ts';
import type { Model } from './model.ts';

export type { InstalledFile };

/** A catalogue row and what of it is on this machine (null: nothing usable). */
export interface ListedModel {
  readonly model: Model;
  readonly folder: string;
  readonly installed: { readonly pulledAt: string; readonly files: readonly InstalledFile[] } | null;
}

/** Absolute path of each file of the model by its name in the catalogue, whether it is there or not. */
export function modelFiles(modelsDir: string, name: string): Readonly<Record<string, string>> {
  const model = findModel(name);
  const folder = modelFolder(modelsDir, name);
  return Object.fromEntries(model.files.map((file) => [file.name, join(folder, file.name)]));
}

/** Absolute path of one file of the model, such as "model.onnx". Throws when the catalogue's row has no such file. */
export function modelFile(modelsDir: string, name: string, fileName: string): string {
  const path = modelFiles(modelsDir, name)[fileName];
  if (path === undefined) throw new EarshotError('internal', `model ${name} has no file ${fileName}`);
  return path;
}

/** Whether the model can be loaded: it has a manifest and every file has its size. Reads no file's content. */
export async function isInstalled(modelsDir: string, name: string): Promise<boolean> {
  return (await installedManifest(modelsDir, findModel(name))) !== null;
}

/** All of the catalogue, in its order, with what is on this machine. */
export async function listModels(modelsDir: string): Promise<ListedModel[]> {
  return Promise.all(
    catalogue.map(async (model) => {
      const manifest = await installedManifest(modelsDir, model);
      return {
        model,
        folder: modelFolder(modelsDir, model.name),
        installed: manifest && { pulledAt: manifest.pulled_at, files: manifest.files },
      };
    }),
  );
}

/** The manifest of a model whose files all are there with the right size, otherwise null. */
export async function installedManifest(modelsDir: string, model: Model): Promise<Manifest | null> {
  const folder = modelFolder(modelsDir, model.name);
  const manifest = await readManifest(folder);
  if (manifest === null) return null;
  for (const wanted of model.files) {
    const file = manifest.files.find((candidate) => candidate.name === wanted.name);
    if (file === undefined || (wanted.sha256 !== null && wanted.sha256 !== file.sha256)) return null;
    const found = await stat(join(folder, file.name)).catch(() => null);
    if (found?.size !== file.bytes) return null;
  }
  return manifest;
}
