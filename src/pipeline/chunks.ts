import type { SpeechSpan } from '../speech/vad/vad.ts';

/** [start, end) in seconds. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Seconds: chunks are filled up to `target`; none is longer than `max`, given that no span is. */
export interface Chunking {
  readonly target: number;
  readonly max: number;
}

/** A silence this long always ends a chunk: recognisers invent words in long silences. */
const LONG_SILENCE = 10;
/** Short recordings are cut finer than the target, so that several workers have something to do … */
const PIECES = 6;
/** … but not below this, because every chunk costs the recogniser its context. */
const MIN_TARGET = 12;

/** Silence kept around a chunk where there is some: recognisers estimate the background from it. */
const CONTEXT = 0.4;

/**
 * Fills chunks with consecutive spans, cutting only in the silence between them, and widens them by up to 0.4 s into that
 * silence. `spans` are sorted, free of overlap, within [0, duration], and none is longer than `chunking.max`; chunks do
 * not overlap. The cuts depend on nothing but the arguments.
 */
export function planChunks(spans: readonly SpeechSpan[], chunking: Chunking, duration: number): Interval[] {
  const chunks = fillChunks(spans, chunking);
  return chunks.map((chunk, i) => {
    const before = i === 0 ? chunk.start : (chunk.start - (chunks[i - 1] as Interval).end) / 2;
    const after = ((chunks[i + 1]?.start ?? duration) - chunk.end) / (i + 1 < chunks.length ? 2 : 1);
    return { start: chunk.start - Math.min(CONTEXT, before), end: chunk.end + Math.min(CONTEXT, after) };
  });
}

function fillChunks(spans: readonly SpeechSpan[], chunking: Chunking): Interval[] {
  const speech = spans.reduce((sum, span) => sum + span.end - span.start, 0);
  const target = Math.min(chunking.target, Math.max(MIN_TARGET, speech / PIECES)) - 2 * CONTEXT;
  const chunks: { start: number; end: number }[] = [];
  for (const span of spans) {
    const last = chunks.at(-1);
    if (last && span.end - last.start <= target && span.start - last.end < LONG_SILENCE) last.end = span.end;
    else chunks.push({ start: span.start, end: span.end });
  }
  return chunks;
}

/** The parts of [0, duration] that no interval covers, in order. Intervals may overlap and come in any order. */
export function uncovered(intervals: readonly Interval[], duration: number): Interval[] {
  const gaps: Interval[] = [];
  let covered = 0;
  for (const { start, end } of [...intervals].sort((a, b) => a.start - b.start)) {
    if (start > covered) gaps.push({ start: covered, end: start });
    covered = Math.max(covered, end);
  }
  if (duration > covered) gaps.push({ start: covered, end: duration });
  return gaps;
}
