import { SAMPLE_RATE } from '../../../audio/waveform.ts';
import { HOP } from '../levels.ts';
import { powerSpectrum } from './fft.ts';

/** Cepstral coefficients of a frame: 1 to 24. The 0th, loudness, says more about the microphone than about the voice. */
export const DIMENSIONS = 24;

const WINDOW = 400;
const FFT_SIZE = 512;
const FILTERS = 30;
const LOWEST_HZ = 100;
const HIGHEST_HZ = 7_000;
/** Added to every filter's power so that digital silence has a finite logarithm: 16-bit rounding noise. */
const POWER_FLOOR = 1e-8;

/** Frames of a block. `cepstra` is frame after frame; only those asked for are filled. */
export interface Frames {
  readonly count: number;
  readonly cepstra: Float32Array;
}

/**
 * Mel-frequency cepstral coefficients 1..24 of the frames where `wanted` is 1: 25 ms Hamming windows every 10 ms,
 * pre-emphasis 0.97, 30 triangular filters from 100 to 7000 Hz, log, DCT-II (Davis and Mermelstein 1980).
 */
export function cepstra(samples: Float32Array, wanted: Uint8Array): Frames {
  const spectrum = powerSpectrum(FFT_SIZE);
  const window = Float64Array.from(
    { length: WINDOW },
    (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (WINDOW - 1)),
  );
  const bank = melBank();
  const dct = cosineTransform();
  const frame = new Float64Array(FFT_SIZE);
  const power = new Float64Array(FFT_SIZE / 2 + 1);
  const logs = new Float64Array(FILTERS);
  const out = new Float32Array(wanted.length * DIMENSIONS);
  for (let f = 0; f < wanted.length; f++) {
    if (wanted[f] === 0) continue;
    const from = f * HOP + HOP / 2 - WINDOW / 2;
    for (let i = 0; i < WINDOW; i++) {
      const at = from + i;
      const sample =
        at > 0 && at < samples.length ? (samples[at] as number) - 0.97 * (samples[at - 1] as number) : 0;
      frame[i] = sample * (window[i] as number);
    }
    spectrum(frame, power);
    for (let m = 0; m < FILTERS; m++) {
      const filter = bank[m] as Filter;
      let sum = POWER_FLOOR;
      for (let k = 0; k < filter.weights.length; k++)
        sum += (filter.weights[k] as number) * (power[filter.from + k] as number);
      logs[m] = Math.log(sum);
    }
    for (let c = 0; c < DIMENSIONS; c++) {
      let sum = 0;
      for (let m = 0; m < FILTERS; m++) sum += (dct[c * FILTERS + m] as number) * (logs[m] as number);
      out[f * DIMENSIONS + c] = sum;
    }
  }
  return { count: wanted.length, cepstra: out };
}

interface Filter {
  readonly from: number;
  readonly weights: Float64Array;
}

function melBank(): Filter[] {
  const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
  const hertz = (m: number): number => 700 * (Math.exp(m / 1127) - 1);
  const [low, high] = [mel(LOWEST_HZ), mel(HIGHEST_HZ)];
  const edge = (m: number): number =>
    (hertz(low + ((high - low) * m) / (FILTERS + 1)) * FFT_SIZE) / SAMPLE_RATE;
  return Array.from({ length: FILTERS }, (_, m) => {
    const [left, centre, right] = [edge(m), edge(m + 1), edge(m + 2)];
    const from = Math.ceil(left);
    const weights = Float64Array.from({ length: Math.max(1, Math.floor(right) - from + 1) }, (_unused, k) => {
      const bin = from + k;
      return Math.max(0, bin <= centre ? (bin - left) / (centre - left) : (right - bin) / (right - centre));
    });
    return { from, weights };
  });
}

function cosineTransform(): Float64Array {
  return Float64Array.from({ length: DIMENSIONS * FILTERS }, (_, i) => {
    const c = Math.floor(i / FILTERS) + 1;
    return Math.sqrt(2 / FILTERS) * Math.cos((Math.PI * c * ((i % FILTERS) + 0.5)) / FILTERS);
  });
}
