import type { Prosody, ProsodyBaseline, Segment } from '../../../transcript/schema.ts';
import { robustDeviation, weightedMedian } from './robust.ts';

/** Enough speech to say what is usual for a speaker. */
const MIN_SEGMENTS = 3;
const MIN_SECONDS = 10;

/**
 * What is usual for each speaker: median and robust standard deviation (MAD) over the speaker's segments, weighted by
 * their seconds. Each pair is null unless it was measured in at least 3 segments of together 10 s. Segments of the mix
 * in which others speak too are left out. Segments without a speaker have no baseline.
 */
export function speakerBaselines(
  segments: readonly Segment[],
  values: readonly (Prosody | null)[],
): ReadonlyMap<string, ProsodyBaseline> {
  const bySpeaker = new Map<string, number[]>();
  for (const [i, segment] of segments.entries()) {
    if (segment.speaker === null) continue;
    const own = bySpeaker.get(segment.speaker) ?? [];
    bySpeaker.set(segment.speaker, own);
    if (values[i] && !isMixed(segment)) own.push(i);
  }
  return new Map([...bySpeaker].map(([speaker, own]) => [speaker, baselineOf({ own, segments, values })]));
}

/**
 * Whether other voices are in what was measured: someone else spoke too, and the waveform is the mix. Pitch and energy
 * are then nobody's own.
 */
export function isMixed(segment: Pick<Segment, 'overlap' | 'channel'>): boolean {
  return segment.overlap && segment.channel === null;
}

interface Measured {
  readonly segments: readonly Segment[];
  readonly values: readonly (Prosody | null)[];
  /** Where in both lists a speaker is heard alone. */
  readonly own: readonly number[];
}

function baselineOf(measured: Measured): ProsodyBaseline {
  const [pitch, pitchStd] = usual(measured, ({ pitch }) => pitch?.mean_hz ?? null);
  const [energyDb, energyStd] = usual(measured, ({ energy }) => energy.db_rms);
  const [rate, rateStd] = usual(measured, ({ rate }) => rate.syllables_per_sec);
  return {
    pitch_hz: pitch,
    pitch_std_hz: pitchStd,
    energy_db: energyDb,
    energy_std_db: energyStd,
    syllables_per_sec: rate,
    syllables_std: rateStd,
  };
}

function usual(
  { segments, values, own }: Measured,
  valueOf: (prosody: Prosody) => number | null,
): [number, number] | [null, null] {
  const known = own.filter((i) => valueOf(values[i] as Prosody) !== null);
  const numbers = Float64Array.from(known, (i) => valueOf(values[i] as Prosody) as number);
  const weights = Float64Array.from(known, (i) => secondsOf(segments[i] as Segment));
  const seconds = weights.reduce((sum, weight) => sum + weight, 0);
  if (known.length < MIN_SEGMENTS || seconds < MIN_SECONDS) return [null, null];
  const centre = weightedMedian({ values: numbers, weights });
  return [centre, robustDeviation({ values: numbers, weights }, centre)];
}

function secondsOf({ start, end }: Segment): number {
  return end - start;
}
