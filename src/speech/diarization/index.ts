import { EarshotError, toEarshotError } from '../../errors.ts';
import { channelDiarization } from './channels.ts';
import { classicDiarization } from './classic/engine.ts';
import type { DiarizationEngine, DiarizationOptions, DiarizationTrack } from './diarization.ts';
import { pyannoteDiarization } from './pyannote/engine.ts';

/** Best first; `auto` takes the first that fits the tracks and is ready. */
export const DIARIZATION_ENGINES: readonly DiarizationEngine[] = [
  channelDiarization,
  pyannoteDiarization,
  classicDiarization,
];

export type DiarizationName = DiarizationEngine['name'];

/** The engine chosen, the model it will use, and (null: nothing better was passed over) why not a better one. */
export interface DiarizationChoice {
  readonly engine: DiarizationEngine;
  readonly model: string | null;
  readonly fallback: string | null;
}

/**
 * The engine by its name, or for "auto": channels when there are several tracks (the caller keeps channels apart only
 * when their contents differ), else pyannote when its models are here or can be pulled, else classic. Rejects with `usage` (no such
 * engine) or `engine_unavailable` (asked for by name, and not ready).
 */
export async function chooseDiarization(
  requested: DiarizationName | 'auto',
  tracks: readonly DiarizationTrack[],
  options: DiarizationOptions,
  engines: readonly DiarizationEngine[] = DIARIZATION_ENGINES,
  signal?: AbortSignal,
): Promise<DiarizationChoice> {
  if (requested !== 'auto') return named(requested, options, engines);
  const passedOver: string[] = [];
  for (const engine of engines) {
    if (engine.name === 'channels' && tracks.length < 2) continue;
    const state = await ready(engine, options, signal);
    if (state.ok)
      return {
        engine,
        model: state.model,
        fallback: passedOver.length > 0 ? fallback(engine, passedOver) : null,
      };
    passedOver.push(`${engine.name}: ${state.reason}${state.fix === null ? '' : ` (${state.fix})`}`);
  }
  throw new EarshotError('engine_unavailable', `no diarization engine is ready: ${passedOver.join('; ')}`);
}

/** check(), and for "auto" also the models: one that cannot be pulled is a reason to take the next engine. */
async function ready(
  engine: DiarizationEngine,
  options: DiarizationOptions,
  signal: AbortSignal | undefined,
): ReturnType<DiarizationEngine['check']> {
  const state = await engine.check(options);
  if (!state.ok || engine.fetch === undefined) return state;
  try {
    await engine.fetch(options, signal);
    return state;
  } catch (thrown) {
    signal?.throwIfAborted();
    return { ok: false, reason: toEarshotError(thrown).message, fix: null };
  }
}

async function named(
  name: DiarizationName,
  options: DiarizationOptions,
  engines: readonly DiarizationEngine[],
): Promise<DiarizationChoice> {
  const engine = engines.find((candidate) => candidate.name === name);
  if (!engine)
    throw new EarshotError('usage', `there is no diarization engine "${name}"`, {
      hint: `known: auto, ${engines.map((known) => known.name).join(', ')}, off`,
    });
  const state = await engine.check(options);
  if (state.ok) return { engine, model: state.model, fallback: null };
  throw new EarshotError('engine_unavailable', `${name} cannot run here: ${state.reason}`, {
    ...(state.fix !== null && { hint: state.fix }),
  });
}

function fallback(engine: DiarizationEngine, passedOver: readonly string[]): string {
  return `speakers were told apart by "${engine.name}", which is less exact, because of ${passedOver.join('; ')}`;
}
