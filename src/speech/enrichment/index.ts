import { toEarshotError } from '../../errors.ts';
import type { Segment, Stage } from '../../transcript/schema.ts';
import type { Task } from '../../util/task.ts';
import { emotionsOf } from './emotion.ts';
import type { Enriched, EnrichmentInput, EnrichmentOptions, Findings, Unavailable } from './enrichment.ts';
import { baselinesOf, prosodyOf } from './prosody/index.ts';
import { renderingsOf } from './rendering.ts';
import { sentimentsOf } from './sentiment.ts';

export type { AudioOf, Enriched, Enrichment, EnrichmentInput, EnrichmentOptions } from './enrichment.ts';

/**
 * Adds to finished segments how they were said: prosody from the waveform, sentiment from the text, emotion from the
 * waveform, and a rendering made of what is then known. Each is done for itself: one that cannot be done or fails leaves
 * null and a stage that says why. Rejects only when `task.signal` aborts. Nothing given is changed.
 */
export async function enrich(
  input: EnrichmentInput,
  options: EnrichmentOptions,
  task: Task,
): Promise<Enriched> {
  const before = input.segments;
  const part = parts(task, [options.prosody, options.sentiment, options.emotion]);
  const prosody = await attempt(
    options.prosody,
    before.map((segment) => segment.prosody),
    task,
    () => prosodyOf(input, part(0)),
  );
  const sentiment = await attempt(
    options.sentiment,
    before.map((segment) => segment.sentiment),
    task,
    () => sentimentsOf(input, part(1)),
  );
  const emotion = await attempt(
    options.emotion,
    before.map((segment) => segment.emotion),
    task,
    () => emotionsOf(input, options, part(2)),
  );
  const segments = before.map((segment, i) => ({
    ...segment,
    prosody: prosody.values[i] ?? null,
    sentiment: sentiment.values[i] ?? null,
    emotion: emotion.values[i] ?? null,
  }));
  for (const [i, rendering] of renderingsOf(segments).entries())
    (segments[i] as Segment).rendering = rendering;
  return {
    segments,
    baselines: baselinesOf(segments),
    stages: { prosody: prosody.stage, sentiment: sentiment.stage, emotion: emotion.stage },
  };
}

interface Attempt<T> {
  readonly values: readonly (T | null)[];
  readonly stage: Stage;
}

async function attempt<T>(
  asked: boolean,
  kept: readonly (T | null)[],
  { signal }: Task,
  work: () => Promise<Findings<T> | Unavailable>,
): Promise<Attempt<T>> {
  const nothing = { engine: null, model: null, device: null, seconds: null };
  if (!asked) return { values: kept, stage: { status: 'skipped', ...nothing } };
  const start = performance.now();
  try {
    const found = await work();
    if ('unavailable' in found)
      return { values: [], stage: { status: 'unavailable', ...nothing, reason: found.unavailable } };
    const seconds = Math.round(performance.now() - start) / 1000;
    return {
      values: found.values,
      stage: { status: 'done', engine: found.engine, model: found.model, device: 'cpu', seconds },
    };
  } catch (error) {
    signal?.throwIfAborted();
    return { values: [], stage: { status: 'failed', ...nothing, reason: toEarshotError(error).message } };
  }
}

/** One task for each thing that is asked for; together their progress is that of the whole. */
function parts(task: Task, asked: readonly boolean[]): (index: number) => Task {
  const total = Math.max(1, asked.filter(Boolean).length);
  return (index) => {
    const before = asked.slice(0, index).filter(Boolean).length;
    return { ...task, onProgress: (fraction) => task.onProgress?.((before + fraction) / total) };
  };
}
