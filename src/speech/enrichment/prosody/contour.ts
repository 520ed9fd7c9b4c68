import { HOP_SECONDS } from './frames.ts';
import { median } from './robust.ts';

/** Seconds of the end of the segment that decide: about the last two words. */
const TAIL = 0.8;
/** Semitones over the tail from which a listener hears a movement. */
const TAIL_CHANGE = 1.5;
/** A level end of a segment that moved this much as a whole is still a rise or a fall. */
const WHOLE_CHANGE = 3;
/** Voiced frames without which nothing can be said: 50 ms. */
const MIN_FRAMES = 5;
/** Frames compared at most: the slope is quadratic in them. */
const MAX_FRAMES = 60;

/**
 * How the pitch moves where the segment ends, from a pitch track of 10 ms frames (0: unvoiced): the Theil-Sen slope, in
 * semitones, over the voiced frames of the last 0.8 s before the last voiced one, and where that is level, over all of
 * them. Steps of an octave and more between single frames do not move a median of slopes.
 */
export function contourOf(track: Float64Array): 'rising' | 'falling' | 'flat' {
  const points: Point[] = [];
  track.forEach((hz, frame) => {
    if (hz > 0) points.push({ time: frame * HOP_SECONDS, semitones: 12 * Math.log2(hz) });
  });
  const end = points.at(-1)?.time ?? 0;
  const tail = change(points.filter(({ time }) => time > end - TAIL));
  if (Math.abs(tail) >= TAIL_CHANGE) return tail > 0 ? 'rising' : 'falling';
  const whole = change(points);
  if (Math.abs(whole) >= WHOLE_CHANGE) return whole > 0 ? 'rising' : 'falling';
  return 'flat';
}

interface Point {
  readonly time: number;
  readonly semitones: number;
}

/** Semitones from the first to the last point along the median slope of all pairs (Theil-Sen). */
function change(all: readonly Point[]): number {
  if (all.length < MIN_FRAMES) return 0;
  const step = Math.ceil(all.length / MAX_FRAMES);
  const points = all.filter((_, i) => i % step === 0);
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let filled = 0;
  for (let i = 0; i < points.length; i++) {
    const a = points[i] as Point;
    for (let j = i + 1; j < points.length; j++) {
      const b = points[j] as Point;
      slopes[filled++] = (b.semitones - a.semitones) / (b.time - a.time);
    }
  }
  const [first, last] = [all[0] as Point, all[all.length - 1] as Point];
  return median(slopes) * (last.time - first.time);
}
