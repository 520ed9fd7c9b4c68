import { rm, stat } from 'node:fs/promises';
import { findModel } from './catalogue.ts';
import { modelFolder } from './folder.ts';
import { stagingFolder } from './staging.ts';

/** Deletes a model and what an unfinished pull left of it. Resolves with whether there was anything. */
export async function removeModel(modelsDir: string, name: string): Promise<boolean> {
  const model = findModel(name);
  const folders = [modelFolder(modelsDir, model.name), stagingFolder(modelsDir, model.name)];
  const found = await Promise.all(
    folders.map((folder) =>
      stat(folder).then(
        () => true,
        () => false,
      ),
    ),
  );
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  return found.includes(true);
}
