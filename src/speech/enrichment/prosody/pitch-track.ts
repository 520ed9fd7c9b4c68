import { SAMPLE_RATE } from '../../../audio/waveform.ts';
import { FRAME, HOP } from './frames.ts';
import { DECIMATION } from './low-pass.ts';
import { MAX_PITCH, MIN_PITCH, pitchCandidates } from './pitch-candidates.ts';
import { pitchPath } from './pitch-path.ts';
import { parabola, similarityAt } from './similarity.ts';

/** Voices last; a shorter run of voiced frames is chance. */
const MIN_RUN = 5;

/**
 * The fundamental frequency of 16 kHz speech, 60 to 500 Hz: one value every 10 ms, each from 40 ms, 0 where unvoiced.
 * Periods are found at 4 kHz, the path through them is chosen over all frames, and its periods are then measured at the
 * full rate. Shorter signals than one frame give no values.
 */
export function trackPitch(samples: Float32Array): Float64Array {
  const path = pitchPath(pitchCandidates(samples));
  const scratch = new Float64Array(FRAME);
  return withoutShortRuns(path).map((hz, frame) => (hz > 0 ? refine(samples, frame, hz, scratch) : 0));
}

function withoutShortRuns(path: Float64Array): Float64Array {
  const kept = Float64Array.from(path);
  let start = -1;
  for (let f = 0; f <= path.length; f++) {
    const voiced = f < path.length && (path[f] as number) > 0;
    if (voiced && start < 0) start = f;
    if (!voiced && start >= 0) {
      if (f - start < MIN_RUN) kept.fill(0, start, f);
      start = -1;
    }
  }
  return kept;
}

/** The same period to a fraction of a 16 kHz sample: uphill from the first estimate, by less than one 4 kHz sample. */
function refine(samples: Float32Array, frame: number, hz: number, scratch: Float64Array): number {
  const similarity = similarityAt(samples, frame * HOP, FRAME, scratch);
  const start = Math.round(SAMPLE_RATE / hz);
  let lag = start;
  let [left, middle, right] = [similarity(lag - 1), similarity(lag), similarity(lag + 1)];
  while (left > middle || right > middle) {
    if (right >= left) [lag, left, middle, right] = [lag + 1, middle, right, similarity(lag + 2)];
    else [lag, left, middle, right] = [lag - 1, similarity(lag - 2), left, middle];
    // So far off is another peak: the first estimate is better then.
    if (Math.abs(lag - start) >= DECIMATION) return hz;
  }
  return Math.min(MAX_PITCH, Math.max(MIN_PITCH, SAMPLE_RATE / (lag + parabola(left, middle, right).shift)));
}
