import { EarshotError, toEarshotError } from '../../errors.ts';
import { suggest } from '../../util/suggest.ts';
import { assertKnown, assertSomeModelKnows } from './pick-model.ts';
import { pocketsphinx } from './pocketsphinx.ts';
import type { RecognitionEngine, RecognitionOptions, Recognizer } from './recognition.ts';
import { remote } from './remote/index.ts';
import { sherpa } from './sherpa.ts';
import { whisperCpp } from './whisper-cpp.ts';

/** Best first: this is the order in which `auto` tries them. */
export const RECOGNITION_ENGINES: readonly RecognitionEngine[] = [remote, whisperCpp, sherpa, pocketsphinx];

/** The engine chosen, and what better ones lacked (empty: it is the best, or the one that was asked for). */
export interface EngineChoice {
  readonly engine: RecognitionEngine;
  readonly passedOver: readonly string[];
  open(): Promise<Recognizer>;
}

/**
 * Finds the engine by name, or for "auto" the best that is installed, then the best that can be pulled. Rejects with
 * `usage` (unknown engine), `model_unknown`, `language_unsupported`, or `engine_unavailable` (nothing here can do it; the
 * message lists why).
 */
export async function chooseRecognition(
  requested: string,
  options: RecognitionOptions,
  engines: readonly RecognitionEngine[],
): Promise<EngineChoice> {
  if (requested !== 'auto') {
    const engine = engineNamed(requested, engines);
    return { engine, passedOver: [], open: () => engine.open(options) };
  }
  const candidates = engines.filter((candidate) => candidate.applies?.(options) ?? true);
  const models = candidates.map((candidate) => candidate.models);
  if (models.every((each) => each !== undefined)) {
    if (options.model !== null) assertKnown(options.model, models);
    assertSomeModelKnows(options, models);
  }
  const passedOver: string[] = [];
  const fixes: string[] = [];
  for (const engine of candidates) {
    const availability = await engine.check(options);
    if (availability.ok) return { engine, passedOver, open: () => engine.open(options) };
    if (availability.pullable === true && options.pull) {
      try {
        const recognizer = await engine.open(options);
        return { engine, passedOver, open: async () => recognizer };
      } catch (error) {
        if (options.signal?.aborted) throw error;
        const { message, hint } = toEarshotError(error);
        passedOver.push(`${engine.name}: ${message}`);
        if (hint !== null) fixes.push(hint); // not the pull that has just failed
        continue;
      }
    }
    passedOver.push(`${engine.name}: ${availability.reason}`);
    if (availability.fix !== null) fixes.push(availability.fix);
  }
  throw new EarshotError(
    'engine_unavailable',
    `no recognition engine can do this here: ${passedOver.join('; ')}`,
    {
      hint:
        fixes.length > 0
          ? `one of these mends it: ${fixes.join('; or: ')}`
          : 'earshot doctor says what is missing',
    },
  );
}

function engineNamed(name: string, engines: readonly RecognitionEngine[]): RecognitionEngine {
  const engine = engines.find((candidate) => candidate.name === name);
  if (engine) return engine;
  const names = engines.map((candidate) => candidate.name);
  throw new EarshotError('usage', `there is no recognition engine "${name}"`, {
    hint: `did you mean ${suggest(name, names) ?? 'auto'}? Known: auto, ${names.join(', ')}`,
  });
}
