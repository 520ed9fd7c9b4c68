import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { EarshotError } from '../../errors.ts';
import { catalogue, findModel, isInstalled, modelBytes, pullModel, type Model } from '../../models/index.ts';
import { nearest } from '../../util/suggest.ts';
import type { EngineModels, RecognitionOptions } from './recognition.ts';

/** A catalogue row, or files of the user's own. */
export type Picked =
  | { readonly model: Model; readonly installed: boolean }
  | { readonly path: string; readonly isFolder: boolean };

/** What an engine says about its models. */
export interface ModelChoice extends EngineModels {
  readonly family: Model['engine']['family'];
  canTranslate(model: Model): boolean;
}

/**
 * The model that was asked for; otherwise the best of this engine that is installed and knows the language and the task;
 * otherwise the first default that does. Rejects with `model_unknown`, `model_missing` (a path that is not there),
 * `engine_unavailable` (the model is for another engine, or none can do the task) or `language_unsupported`.
 */
export async function pickModel(choice: ModelChoice, options: RecognitionOptions): Promise<Picked> {
  if (options.model !== null && isPath(options.model)) return pickPath(options.model);
  if (options.model !== null) {
    const model = namedModel(choice, options.model);
    checkFits(choice, model, options);
    return { model, installed: await isInstalled(options.modelsDir, model.name) };
  }
  const fitting = catalogue.filter((model) => isFor(choice, model) && fits(choice, model, options));
  for (const model of fitting)
    if (await isInstalled(options.modelsDir, model.name)) return { model, installed: true };
  const first = choice.defaults.map(findModel).find((model) => fits(choice, model, options));
  if (first) return { model: first, installed: false };
  throw new EarshotError(
    options.language === 'auto' ? 'engine_unavailable' : 'language_unsupported',
    `${choice.family} has no model to ${options.task} "${options.language}"`,
  );
}

/**
 * Throws `model_unknown`, with what may have been meant, unless `name` is a path or one of these engines could load a
 * model called so: by its full name, its short one, or as one of its own.
 */
export function assertKnown(name: string, engines: readonly EngineModels[]): void {
  const recognisers = catalogue.filter(({ tasks }) => tasks.includes('recognition')).map((row) => row.name);
  const known = engines.flatMap(({ prefix, defaults }) => [
    ...defaults,
    ...recognisers.filter((full) => full.startsWith(prefix)).map((full) => full.slice(prefix.length)),
  ]);
  const names = [...new Set([...recognisers, ...known])];
  if (isPath(name) || names.includes(name)) return;
  const other = catalogue.find((row) => row.name === name);
  const near = nearest(name, names).slice(0, 3);
  throw new EarshotError(
    'model_unknown',
    other === undefined
      ? `there is no model "${name}"`
      : `model ${name} is for ${other.tasks.join(' and ')}, not for recognition`,
    { hint: near.length > 0 ? `did you mean ${near.join(', ')}?` : 'earshot models list shows them' },
  );
}

/**
 * Throws `language_unsupported` when no recogniser of the catalogue, or none that these engines load by the name asked for,
 * knows the language: no installation can mend that.
 */
export function assertSomeModelKnows(
  { language, model: name }: Pick<RecognitionOptions, 'language' | 'model'>,
  engines: readonly EngineModels[],
): void {
  const meant = catalogue.filter(
    (row) =>
      row.tasks.includes('recognition') &&
      (name === null || row.name === name || engines.some(({ prefix }) => row.name === `${prefix}${name}`)),
  );
  if (language === 'auto' || meant.some(({ languages }) => languages.includes(language))) return;
  if (name !== null && meant.length === 0) return; // it is no model of the catalogue: its engine has the say
  throw new EarshotError(
    'language_unsupported',
    `${name === null ? 'no model of the catalogue knows' : `model ${name} does not know`} "${language}"`,
    { hint: 'a model of your own can: --engine and --model PATH; or other machines: --workers' },
  );
}

/** Downloads what was picked, or rejects with `model_missing` when that was not allowed. */
export async function provideModel(picked: Picked, options: RecognitionOptions): Promise<void> {
  if ('path' in picked || picked.installed) return;
  const { name } = picked.model;
  if (!options.pull)
    throw new EarshotError('model_missing', `model ${name} is not on this machine`, {
      hint: `earshot models pull ${name}`,
    });
  options.onNotice?.(`pulling ${name} (${megabytes(picked.model)})`);
  await pullModel(name, {
    modelsDir: options.modelsDir,
    baseUrl: options.modelBaseUrl ?? null,
    ...(options.signal && { signal: options.signal }),
  });
}

/** Bytes of the files that are loaded; nothing when nobody knows. */
export async function bytesOf(picked: Picked): Promise<{ readonly bytes?: number }> {
  if ('model' in picked) {
    const bytes = modelBytes(picked.model);
    return bytes === null ? {} : { bytes };
  }
  const paths = picked.isFolder
    ? (await readdir(picked.path)).map((name) => join(picked.path, name))
    : [picked.path];
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return { bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** "model whisper-tiny (104 MB) is not installed", and the command that mends it. */
export function notInstalled(model: Model): { reason: string; fix: string; pullable: true } {
  return {
    reason: `model ${model.name} (${megabytes(model)}) is not installed`,
    fix: `earshot models pull ${model.name}`,
    pullable: true,
  };
}

function megabytes(model: Model): string {
  const bytes = modelBytes(model);
  return bytes === null ? 'size unknown' : `${Math.round(bytes / 1e6)} MB`;
}

const isPath = (model: string): boolean =>
  isAbsolute(model) || /[/\\]/.test(model) || /\.(bin|gguf)$/.test(model);

async function pickPath(path: string): Promise<Picked> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new EarshotError('model_missing', `there is no model at ${path}`);
  return { path, isFolder: found.isDirectory() };
}

const isFor = (choice: ModelChoice, model: Model): boolean =>
  model.engine.family === choice.family && model.tasks.includes('recognition');

function fits(choice: ModelChoice, model: Model, { language, task }: RecognitionOptions): boolean {
  return (
    (language === 'auto' || model.languages.includes(language)) &&
    (task === 'transcribe' || choice.canTranslate(model))
  );
}

function namedModel(choice: ModelChoice, name: string): Model {
  const model = catalogue.find((row) => row.name === `${choice.prefix}${name}`) ?? findModel(name);
  if (isFor(choice, model)) return model;
  const does = model.tasks.includes('recognition')
    ? `is for the engine ${model.engine.family}`
    : 'is no recogniser';
  throw new EarshotError('engine_unavailable', `model ${model.name} ${does}`);
}

function checkFits(choice: ModelChoice, model: Model, options: RecognitionOptions): void {
  if (fits(choice, model, options)) return;
  if (options.language !== 'auto' && !model.languages.includes(options.language))
    throw new EarshotError(
      'language_unsupported',
      `model ${model.name} does not know "${options.language}"`,
      {
        hint: `it knows ${model.languages.join(', ')}`,
      },
    );
  throw new EarshotError('engine_unavailable', `model ${model.name} cannot translate`, {
    hint: 'choose a multilingual Whisper, such as small',
  });
}
