import { SAMPLE_RATE } from '../../../audio/waveform.ts';

/** Samples from one frame to the next: 10 ms. */
export const HOP = SAMPLE_RATE / 100;
export const HOP_SECONDS = HOP / SAMPLE_RATE;
/** Samples a pitch frame looks at: 40 ms, two and a half periods of the lowest pitch. */
export const FRAME = 4 * HOP;

/** How many whole frames fit into so many samples. */
export function frameCount(samples: number): number {
  return samples < FRAME ? 0 : Math.floor((samples - FRAME) / HOP) + 1;
}
