import { catalogue, type Model, type ModelTask } from '../models/index.ts';
import { RECOGNITION_ENGINES } from '../speech/recognition/index.ts';

/** The engine that loads a model, as --engine, --diarization and --vad call it. */
export function engineOf({ tasks, engine }: Pick<Model, 'tasks' | 'engine'>): string {
  if (tasks.includes('recognition')) return engine.family;
  return tasks.includes('vad') ? 'silero' : 'pyannote';
}

/** The model to pull for a task: of a recognition engine its own default, otherwise the first of the catalogue. */
export function recommendedModel(task: ModelTask, engine: string | null = null): Model | null {
  const first = RECOGNITION_ENGINES.find(({ name }) => name === engine)?.models?.defaults[0];
  const fits = ({ name, tasks }: Model): boolean =>
    tasks.includes(task) && (task !== 'recognition' || name === first);
  return catalogue.find(fits) ?? null;
}

/** The tasks for which a model is the one to pull; usually none. */
export function recommendedFor(model: Model): ModelTask[] {
  return model.tasks.filter((task) => recommendedModel(task, engineOf(model))?.name === model.name);
}
