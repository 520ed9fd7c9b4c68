import { transcribeOptions } from '../config/pipeline.ts';
import { listModels, type Model, type ModelTask } from '../models/index.ts';
import { diarizationOptions, recognitionOptions } from '../pipeline/stage-options.ts';
import { DIARIZATION_ENGINES } from '../speech/diarization/index.ts';
import { RECOGNITION_ENGINES } from '../speech/recognition/index.ts';
import type { Check } from './check.ts';
import type { Context } from './command.ts';
import { engineOf, recommendedModel } from './recommended.ts';

/** The engines of every task and the models that they lack. Each is optional, one recogniser is needed. */
export async function checkSpeech(context: Context): Promise<Check[]> {
  const models = await listModels(context.folders.models);
  const installed = models.filter((each) => each.installed !== null).map(({ model }) => model);
  return [
    ...(await checkRecognition(context, installed)),
    ...(await checkDiarization(context)),
    checkTask('vad', installed, 'speech is found by its energy'),
    checkTask('emotion', installed, 'emotions stay unknown'),
    {
      name: 'models',
      state: 'ok',
      found: installed.map(({ name }) => name).join(', ') || 'none is on this machine',
      fix: null,
    },
  ];
}

async function checkRecognition(
  { settings, folders, signal }: Context,
  installed: readonly Model[],
): Promise<Check[]> {
  const options = recognitionOptions(transcribeOptions(settings, folders, null), folders.work, { signal });
  const checks: Check[] = [];
  const ready: string[] = [];
  for (const engine of RECOGNITION_ENGINES) {
    if (engine.applies?.(options) === false) continue; // nothing is missing, it was not asked for
    const name = `engine ${engine.name}`;
    const seen = await engine.check(options);
    if (seen.ok) {
      ready.push(engine.name);
      const found = `${seen.model ?? 'ready'}, ${seen.device}`;
      checks.push({ name, state: 'ok', found, fix: null });
      continue;
    }
    // An engine that is not installed does not say that it lacks a model, too.
    const model = recommendedModel('recognition', engine.name);
    const lacksModel =
      model !== null && seen.pullable !== true && !installed.some((each) => engineOf(each) === engine.name);
    const found = lacksModel ? `${seen.reason}, nor is model ${model.name}` : seen.reason;
    const fix = bothOf(seen.fix, lacksModel ? pulling(model) : null);
    checks.push({ name, state: 'optional', found, fix });
  }
  const fix = checks.findLast((check) => check.fix !== null)?.fix ?? null; // the last one needs least
  return [
    ...checks,
    ready.length > 0
      ? { name: 'recognition', state: 'ok', found: `auto takes ${ready[0]}`, fix: null }
      : { name: 'recognition', state: 'missing', found: 'no engine is ready', fix },
  ];
}

async function checkDiarization({ settings, folders }: Context): Promise<Check[]> {
  const options = diarizationOptions({ ...transcribeOptions(settings, folders, null), pull: false }, {});
  const checks: Check[] = [];
  for (const engine of DIARIZATION_ENGINES) {
    const name = `speakers ${engine.name}`;
    const seen = await engine.check(options);
    if (seen.ok) {
      checks.push({ name, state: 'ok', found: `${seen.model ?? 'ready'}, ${seen.device}`, fix: null });
      continue;
    }
    const models = [recommendedModel('segmentation'), recommendedModel('speaker-embedding')];
    const pull = pulling(...models.filter((model) => model !== null));
    const fix = seen.fix?.includes('models pull') ? seen.fix : bothOf(seen.fix, pull);
    checks.push({ name, state: 'optional', found: seen.reason, fix });
  }
  return checks;
}

/** A task with one model that needs nothing but that. */
function checkTask(task: ModelTask, installed: readonly Model[], without: string): Check {
  const found = installed.find(({ tasks }) => tasks.includes(task));
  const model = recommendedModel(task);
  if (found !== undefined || model === null)
    return { name: task, state: 'ok', found: found?.name ?? without, fix: null };
  return {
    name: task,
    state: 'optional',
    found: `model ${model.name} is not installed: ${without}`,
    fix: pulling(model),
  };
}

const pulling = (...models: readonly Model[]): string =>
  `earshot models pull ${models.map(({ name }) => name).join(' ')}`;

const bothOf = (first: string | null, second: string | null): string | null =>
  [first, second].filter((each) => each !== null).join(' && ') || null;
