import type { Prosody, ProsodyBaseline, Segment } from '../../../transcript/schema.ts';
import type { Task } from '../../../util/task.ts';
import type { EnrichmentInput, Findings } from '../enrichment.ts';
import { isMixed, speakerBaselines } from './baseline.ts';
import { setLevels } from './levels.ts';
import { measure } from './measure.ts';

/**
 * How every segment was said: its pitch, energy, rate and pauses, and whether they are high or low for its speaker. One
 * segment after another, so that memory does not grow with the recording. Null for segments without a waveform.
 * Where others speak too in the same waveform, pitch and energy are given as measured, but their levels are unknown.
 */
export async function prosodyOf(input: EnrichmentInput, task: Task): Promise<Findings<Prosody>> {
  const { segments, audioOf, language } = input;
  const values: (Prosody | null)[] = [];
  for (const segment of segments) {
    task.signal?.throwIfAborted();
    const reader = audioOf(segment);
    values.push(reader === null ? null : rounded(await measure(reader, segment, language)));
    task.onProgress?.(values.length / segments.length);
  }
  const baselines = speakerBaselines(segments, values);
  for (const [i, segment] of segments.entries()) {
    const own = values[i];
    const usual = segment.speaker === null ? undefined : baselines.get(segment.speaker);
    if (own && usual)
      setLevels(own, isMixed(segment) ? { ...usual, pitch_hz: null, energy_db: null } : usual);
  }
  return { values, engine: 'built-in', model: null };
}

/** What is usual for each speaker, from segments whose prosody is known. */
export function baselinesOf(segments: readonly Segment[]): ReadonlyMap<string, ProsodyBaseline> {
  const values = segments.map(({ prosody }) => prosody);
  if (values.every((prosody) => prosody === null)) return new Map();
  return new Map([...speakerBaselines(segments, values)].map(([speaker, own]) => [speaker, rounded(own)]));
}

/** The same value with every number rounded to two decimals: more was not measured. */
function rounded<T>(value: T): T {
  if (typeof value === 'number') return (Math.round(value * 100) / 100) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)])) as T;
}
