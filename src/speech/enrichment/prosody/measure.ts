import { SAMPLE_RATE, type WaveformReader } from '../../../audio/waveform.ts';
import type { Prosody, Segment } from '../../../transcript/schema.ts';
import { contourOf } from './contour.ts';
import { hopEnergies, toDb } from './energy.ts';
import { FRAME, HOP, HOP_SECONDS } from './frames.ts';
import { pausesOf } from './pauses.ts';
import { trackPitch } from './pitch-track.ts';
import { rateOf } from './rate.ts';

/** Hops read at once: 30 s of a long segment. */
const SLICE_HOPS = 30 / HOP_SECONDS;
/** Samples that the last pitch frame of a slice reaches into the next one. */
const REACH = FRAME - HOP;

/**
 * Measures one segment; its levels are `unknown`, as they depend on the speaker's other segments. Only a slice of it is
 * in memory at a time; of the rest only numbers for every 10 ms.
 */
export async function measure(
  reader: WaveformReader,
  segment: Segment,
  language: string | null,
): Promise<Prosody> {
  const tracks: Float64Array[] = [];
  const energies: Float64Array[] = [];
  let samples = 0;
  for (let hop = 0; ; hop += SLICE_HOPS) {
    const start = segment.start + hop * HOP_SECONDS;
    if (start >= segment.end) break;
    const sliced = await reader.slice(
      start,
      Math.min(segment.end, start + SLICE_HOPS * HOP_SECONDS + REACH / SAMPLE_RATE),
    );
    const own = sliced.subarray(0, SLICE_HOPS * HOP);
    tracks.push(trackPitch(sliced));
    energies.push(hopEnergies(own, HOP));
    samples += own.length;
  }
  const track = concat(tracks);
  const energy = concat(energies);
  return {
    pitch: pitchOf(track),
    energy: {
      db_rms: toDb(energy.reduce((sum, value) => sum + value, 0) / Math.max(1, samples)),
      level: 'unknown',
    },
    rate: { ...rateOf(segment, language), level: 'unknown' },
    pauses: pausesOf(segment, energy),
  };
}

function pitchOf(track: Float64Array): Prosody['pitch'] {
  const voiced = track.filter((hz) => hz > 0);
  if (voiced.length === 0) return null;
  const mean = voiced.reduce((sum, hz) => sum + hz, 0) / voiced.length;
  const variance = voiced.reduce((sum, hz) => sum + (hz - mean) ** 2, 0) / voiced.length;
  const sorted = voiced.sort();
  return {
    mean_hz: mean,
    std_hz: Math.sqrt(variance),
    min_hz: sorted[0] as number,
    max_hz: sorted[sorted.length - 1] as number,
    contour: contourOf(track),
    level: 'unknown',
  };
}

function concat(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0] as Float64Array;
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
