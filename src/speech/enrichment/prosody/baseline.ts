import type { ProsodyBaseline, Segment } from '../../../transcript/schema.ts';
import type { Measures } from './measure.ts';
import { robustDeviation, weightedMedian, type Weighted } from './robust.ts';

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
  measures: readonly (Measures | null)[],
): ReadonlyMap<string, ProsodyBaseline> {
  const bySpeaker = new Map<string, Measured[]>();
  segments.forEach((segment, i) => {
    if (segment.speaker === null) return;
    const own = bySpeaker.get(segment.speaker) ?? [];
    bySpeaker.set(segment.speaker, own);
    const measured = measures[i] ?? null;
    if (measured !== null && !isMixed(segment))
      own.push({ seconds: segment.end - segment.start, measures: measured });
  });
  return new Map([...bySpeaker].map(([speaker, own]) => [speaker, baselineOf(own)]));
}

/**
 * Whether other voices are in what was measured: someone else spoke too, and the waveform is the mix. Pitch and energy
 * are then nobody's own.
 */
export function isMixed(segment: Pick<Segment, 'overlap' | 'channel'>): boolean {
  return segment.overlap && segment.channel === null;
}

interface Measured {
  readonly seconds: number;
  readonly measures: Measures;
}

function baselineOf(own: readonly Measured[]): ProsodyBaseline {
  const [pitch, pitchStd] = usual(own, ({ pitch }) => pitch?.mean_hz ?? null);
  const [energyDb, energyStd] = usual(own, ({ energy }) => energy.db_rms);
  const [rate, rateStd] = usual(own, ({ rate }) => rate.syllables_per_sec);
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
  own: readonly Measured[],
  value: (measures: Measures) => number | null,
): [number, number] | [null, null] {
  const known: Weighted[] = own.flatMap(({ seconds, measures }) => {
    const found = value(measures);
    return found === null ? [] : [{ value: found, weight: seconds }];
  });
  const seconds = known.reduce((sum, { weight }) => sum + weight, 0);
  if (known.length < MIN_SEGMENTS || seconds < MIN_SECONDS) return [null, null];
  const centre = weightedMedian(known);
  return [centre, robustDeviation(known, centre)];
}
