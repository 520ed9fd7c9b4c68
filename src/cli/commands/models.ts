import {
  findModel,
  listModels,
  modelBytes,
  pullModel,
  removeModel,
  verifyModel,
} from '../../models/index.ts';
import { EarshotError } from '../../errors.ts';
import { suggest } from '../../util/suggest.ts';
import type { Context, Run } from '../command.ts';
import { asTyped } from '../invocation.ts';
import { engineOf, recommendedFor } from '../recommended.ts';
import { table } from '../table.ts';

type Action = (names: readonly string[], context: Context) => Promise<0 | 1 | 3>;

/** models list | pull NAME… | verify [NAME…] | remove NAME… */
export const modelsCommand: Run = async (context) => {
  const [name = '', ...names] = context.args;
  const action = ACTIONS[name];
  if (action === undefined) {
    const meant = suggest(name, Object.keys(ACTIONS));
    const hint = meant === null ? 'earshot models --help says how' : `did you mean ${meant}?`;
    throw new EarshotError('usage', `expected list, pull, verify or remove, got "${name}"`, { hint });
  }
  if (names.length === 0 && (name === 'pull' || name === 'remove'))
    throw new EarshotError('usage', `expected names of models to ${name}`, {
      hint: 'earshot models list shows them',
    });
  for (const each of names) findModel(each); // a wrong name fails before anything is done
  return action(names, context);
};

const list: Action = async (names, { folders, settings, terminal }) => {
  const all = await listModels(folders.models);
  const rows = all.filter(({ model }) => names.length === 0 || names.includes(model.name));
  if (settings.json) {
    for (const { model, folder, installed } of rows)
      await terminal.result(
        `${JSON.stringify({ ...model, recommended_for: recommendedFor(model), folder, installed: installed !== null })}\n`,
      );
    return 0;
  }
  const cells = rows.map(({ model, installed }) => [
    installed === null ? ' ' : '*',
    model.name,
    engineOf(model),
    model.tasks.join(', '),
    recommendedFor(model).join(', '),
    size(modelBytes(model)),
    model.licence,
    model.languages.length > 4 ? `${model.languages.length} languages` : model.languages.join(' '),
  ]);
  await terminal.result(
    table(['', 'model', 'engine', 'task', 'recommended for', 'size', 'licence', 'languages'], cells),
  );
  terminal.note(
    `* is on this machine, in ${folders.models}; recommended is what an engine pulls when none is named`,
  );
  return 0;
};

const pull: Action = async (names, { folders, settings, terminal, signal }) => {
  for (const name of names) {
    const progress = terminal.progress(name);
    await pullModel(name, {
      modelsDir: folders.models,
      baseUrl: settings.modelBaseUrl,
      signal,
      onProgress: (done, total) => progress.update(total === null ? 0 : done / total, size(done)),
    }).finally(progress.end);
    await report(name, 'is on this machine', { name, ok: true }, { settings, terminal });
  }
  return 0;
};

const verify: Action = async (names, { folders, settings, terminal, invocation, signal }) => {
  const installed = (await listModels(folders.models)).filter((each) => each.installed !== null);
  const chosen = names.length > 0 ? names : installed.map(({ model }) => model.name);
  if (chosen.length === 0) terminal.note('no model is on this machine');
  let wrong = false;
  for (const name of chosen) {
    const verified = await verifyModel(folders.models, name, { signal });
    wrong ||= !verified.ok;
    const problems = verified.files.filter(({ problem }) => problem !== null);
    const words = problems.map((file) => `${file.name}: ${file.problem}`).join('; ');
    await report(
      name,
      verified.ok ? 'ok' : asTyped(`${words} (earshot models remove ${name}, then pull it)`, invocation),
      verified,
      { settings, terminal },
    );
  }
  return wrong ? 3 : 0;
};

const remove: Action = async (names, { folders, settings, terminal }) => {
  for (const name of names) {
    const removed = await removeModel(folders.models, name);
    await report(
      name,
      removed ? 'removed' : 'was not on this machine',
      { name, ok: true, removed },
      { settings, terminal },
    );
  }
  return 0;
};

const ACTIONS: Readonly<Record<string, Action>> = { list, pull, verify, remove };

async function report(
  name: string,
  words: string,
  json: unknown,
  { settings, terminal }: Pick<Context, 'settings' | 'terminal'>,
): Promise<void> {
  await terminal.result(settings.json ? `${JSON.stringify(json)}\n` : `${name}: ${words}\n`);
}

/** Bytes for people; "?" when the catalogue does not know. */
function size(bytes: number | null): string {
  if (bytes === null) return '?';
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}
