import { toEarshotError } from '../../errors.ts';
import { catalogue, isInstalled, modelFile, pullModel, type Model } from '../../models/index.ts';
import type { Emotion } from '../../transcript/schema.ts';
import type { Task } from '../../util/task.ts';
import type { EnrichmentInput, EnrichmentOptions, Findings, Unavailable } from './enrichment.ts';
import { heardEmotion, openSenseVoice, type SenseVoice } from './sense-voice.ts';

/** SenseVoice was trained on utterances of up to 30 s; longer segments are heard in pieces. */
const PIECE_SECONDS = 30;
/** In less there is too little voice to judge; the model then repeats what it says of silence. */
const MIN_SECONDS = 0.4;

/**
 * How each segment sounds (happy, sad, angry, neutral, …) to SenseVoice; null where it does not know or the segment is
 * shorter than 0.4 s. Its confidence is null: the engine tells none. Unavailable without sherpa-onnx or the model (when
 * it may not or cannot be pulled), and for languages that it was not trained for.
 */
export async function emotionsOf(
  { segments, language, audioOf }: EnrichmentInput,
  options: EnrichmentOptions,
  task: Task,
): Promise<Findings<Emotion> | Unavailable> {
  const model = catalogue.find(({ tasks }) => tasks.includes('emotion'));
  if (model === undefined) return { unavailable: 'the catalogue has no model that hears emotions' };
  if (language !== null && !model.languages.includes(language))
    return {
      unavailable: `${model.name} hears emotions in ${model.languages.join(', ')}, and this is "${language}"`,
    };
  const missing = await provide(model, options, task);
  if (missing !== null) return { unavailable: missing };
  const voice = await openSenseVoice({
    model: modelFile(options.modelsDir, model.name, 'model.onnx'),
    tokens: modelFile(options.modelsDir, model.name, 'tokens.txt'),
    language,
  });
  if ('unavailable' in voice) return voice;
  const values: (Emotion | null)[] = [];
  for (const segment of segments) {
    task.signal?.throwIfAborted();
    const reader = audioOf(segment);
    values.push(reader === null ? null : await longestHeard(voice, reader.slice, segment));
    task.onProgress?.(values.length / segments.length);
  }
  return { values, engine: 'sherpa', model: model.name };
}

/** Null when the model is there to be loaded, otherwise why not. Rejects when the signal aborts. */
async function provide(model: Model, options: EnrichmentOptions, task: Task): Promise<string | null> {
  if (await isInstalled(options.modelsDir, model.name)) return null;
  const fix = `earshot models pull ${model.name}`;
  if (!options.pull) return `the model ${model.name} is not installed: ${fix}`;
  options.onNotice?.(`pulling ${model.name}, which hears emotions`);
  try {
    const { signal } = task;
    await pullModel(model.name, {
      modelsDir: options.modelsDir,
      baseUrl: options.modelBaseUrl ?? null,
      ...(signal && { signal }),
    });
    return null;
  } catch (error) {
    task.signal?.throwIfAborted();
    return `the model ${model.name} could not be pulled: ${toEarshotError(error).message}`;
  }
}

/** The emotion heard for most of the segment. */
async function longestHeard(
  voice: SenseVoice,
  slice: (start: number, end: number) => Promise<Float32Array>,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Emotion | null> {
  const seconds = new Map<string, number>();
  for (let from = start; end - from >= MIN_SECONDS; from += PIECE_SECONDS) {
    const to = Math.min(end, from + PIECE_SECONDS);
    const label = heardEmotion(await voice.hear(await slice(from, to)));
    if (label !== null) seconds.set(label, (seconds.get(label) ?? 0) + to - from);
  }
  const most = Math.max(0, ...seconds.values());
  const label = [...seconds].find(([, value]) => value === most)?.[0];
  return label === undefined ? null : { label, confidence: null };
}
