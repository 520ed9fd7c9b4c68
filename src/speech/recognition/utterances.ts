import { frameLevels, LEVEL_FRAME } from './word-times.ts';

/** A stretch of a chunk, [start, end) in samples. */
export interface Utterance {
  readonly start: number;
  readonly end: number;
}

/** What lies this far below the loud frames (95th percentile of the chunk) is pause … */
const PAUSE_DEPTH_DB = 30;
/** … and in a noisy room what lies no further than this above the quiet ones (10th percentile). */
const ABOVE_FLOOR_DB = 6;
/** Nothing below this is called speech: 16-bit quantisation noise lies near -98 dBFS, a quiet room near -70. */
const SILENCE_DB = -70;
/** Speech stands out of its background by at least this much; a steady hiss does not, and words would be heard in it. */
const MIN_RANGE_DB = 9;
/** An utterance ends in a pause of at least this many frames: 0.5 s, seldom found within a sentence. */
const PAUSE_FRAMES = 25;
/** Silence kept on both sides of an utterance, 0.4 s: recognisers estimate the background from it. */
const CONTEXT_FRAMES = 20;

/**
 * Cuts a chunk into utterances for a recogniser that takes one sentence or so at a time: in pauses of half a second or
 * more and nowhere else, so a talk without pauses is one utterance. Silence of more than 0.4 s around them is left out.
 * In order, without overlap; none in silence.
 */
export function cutUtterances(samples: Float32Array): Utterance[] {
  const levels = frameLevels(samples);
  const runs = runsOfSpeech(levels);
  return runs.map(({ start, end }, i) => {
    const before = i === 0 ? start : Math.floor((start - (runs[i - 1] as Utterance).end) / 2);
    const after =
      i === runs.length - 1 ? levels.length - end : Math.floor(((runs[i + 1] as Utterance).start - end) / 2);
    return {
      start: (start - Math.min(CONTEXT_FRAMES, before)) * LEVEL_FRAME,
      end: Math.min(samples.length, (end + Math.min(CONTEXT_FRAMES, after)) * LEVEL_FRAME),
    };
  });
}

/** Frames [start, end) between pauses of PAUSE_FRAMES or more. */
function runsOfSpeech(levels: readonly number[]): Utterance[] {
  const threshold = pauseLevel(levels);
  const runs: { start: number; end: number }[] = [];
  levels.forEach((level, i) => {
    if (level < threshold) return;
    const last = runs.at(-1);
    if (last && i - last.end < PAUSE_FRAMES) last.end = i + 1;
    else runs.push({ start: i, end: i + 1 });
  });
  return runs;
}

/** dBFS below which a frame is pause; Infinity where nothing stands out. */
function pauseLevel(levels: readonly number[]): number {
  const sorted = levels.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] as number;
  if (at(0.99) - at(0.1) < MIN_RANGE_DB) return Infinity;
  return Math.max(SILENCE_DB, at(0.95) - PAUSE_DEPTH_DB, Math.min(at(0.1) + ABOVE_FLOOR_DB, at(0.5)));
}
