import { SAMPLE_RATE } from '../../../audio/waveform.ts';
import { FRAME, frameCount, HOP } from './frames.ts';
import { DECIMATION, decimate } from './low-pass.ts';
import { parabola, similarityMeter } from './similarity.ts';

export const MIN_PITCH = 60;
export const MAX_PITCH = 500;
/** Periods kept a frame. */
export const CANDIDATES = 5;

const LOW_RATE = SAMPLE_RATE / DECIMATION;
const SHORTEST = Math.floor(LOW_RATE / MAX_PITCH);
const LONGEST = Math.ceil(LOW_RATE / MIN_PITCH);
/** A peak lower than this is no period. */
const MIN_STRENGTH = 0.3;
/** Of two periods that fit equally well the shorter is the true one (Boersma 1993 takes 0.01 an octave on cleaner peaks). */
const OCTAVE_COST = 0.02;
/** Frames this much softer than the loudest (a factor of power: 27 dB) are not voiced. */
const RELATIVE_SILENCE = 2e-3;
/** Mean square of about -66 dBFS: below it a microphone's own noise is measured, not a voice. */
const ABSOLUTE_SILENCE = 2.5e-7;

/** What each frame's period may be: row f holds CANDIDATES entries from f * CANDIDATES on, strength 0 where unused. */
export interface PitchCandidates {
  readonly frames: number;
  readonly hz: Float64Array;
  readonly strength: Float64Array;
}

/** The likeliest periods of every 10 ms frame, from the signal at 4 kHz. Frames near silence have none. */
export function pitchCandidates(samples: Float32Array): PitchCandidates {
  const frames = frameCount(samples.length);
  const low = decimate(samples);
  const length = FRAME / DECIMATION;
  const hz = new Float64Array(frames * CANDIDATES);
  const strength = new Float64Array(frames * CANDIDATES);
  const power = framePower(low, frames, length);
  const gate = Math.max(
    ABSOLUTE_SILENCE,
    RELATIVE_SILENCE * power.reduce((most, value) => Math.max(most, value), 0),
  );
  // One lag more, so that a peak at the very border is seen as one.
  const similarity = similarityMeter(length, LONGEST + 1);
  for (let f = 0; f < frames; f++) {
    if ((power[f] as number) < gate) continue;
    const curve = similarity(low, (f * HOP) / DECIMATION);
    for (let lag = SHORTEST; lag <= LONGEST; lag++) {
      const [left, height, right] = [
        curve[lag - 1] as number,
        curve[lag] as number,
        curve[lag + 1] as number,
      ];
      if (height < MIN_STRENGTH || height < left || height <= right) continue;
      const peak = parabola(left, height, right);
      const pitch = LOW_RATE / (lag + peak.shift);
      if (pitch < MIN_PITCH || pitch > MAX_PITCH) continue;
      keep(
        hz,
        strength,
        f * CANDIDATES,
        pitch,
        Math.min(1, peak.height) + OCTAVE_COST * Math.log2(pitch / MAX_PITCH),
      );
    }
  }
  return { frames, hz, strength };
}

function framePower(low: Float32Array, frames: number, length: number): Float64Array {
  const power = new Float64Array(frames);
  for (let f = 0; f < frames; f++) {
    let [sum, squares] = [0, 0];
    const first = (f * HOP) / DECIMATION;
    for (let i = first; i < first + length; i++) {
      sum += low[i] as number;
      squares += (low[i] as number) ** 2;
    }
    power[f] = squares / length - (sum / length) ** 2;
  }
  return power;
}

/** Puts a candidate in the place of the weakest of its row, where it is stronger. */
function keep(hz: Float64Array, strength: Float64Array, row: number, pitch: number, value: number): void {
  let weakest = row;
  for (let i = row + 1; i < row + CANDIDATES; i++)
    if ((strength[i] as number) < (strength[weakest] as number)) weakest = i;
  if (value <= (strength[weakest] as number)) return;
  hz[weakest] = pitch;
  strength[weakest] = value;
}
