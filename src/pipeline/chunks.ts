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
/** The number of chunks is a multiple of this where it can be, so that 2, 3 or 6 workers end together … */
const ROUND = 6;
/** … but chunks are seldom shorter than this, because every one costs the recogniser its context. */
const MIN_LENGTH = 12;

/** Silence kept around a chunk where there is some: recognisers estimate the background from it. */
const CONTEXT = 0.4;

/**
 * Fills chunks of about one length with consecutive spans, cutting only in the silence between them, and widens them by
 * up to 0.4 s into that silence. `spans` are sorted, free of overlap, within [0, duration], and none is longer than
 * `chunking.max`; chunks do not overlap. The cuts depend on nothing but the arguments.
 */
export function planChunks(spans: readonly SpeechSpan[], chunking: Chunking, duration: number): Interval[] {
  const chunks = evenChunks(spans, chunking);
  return chunks.map((chunk, i) => {
    const before = i === 0 ? chunk.start : (chunk.start - (chunks[i - 1] as Interval).end) / 2;
    const after = ((chunks[i + 1]?.start ?? duration) - chunk.end) / (i + 1 < chunks.length ? 2 : 1);
    return { start: chunk.start - Math.min(CONTEXT, before), end: chunk.end + Math.min(CONTEXT, after) };
  });
}

/** The chunks of the shortest greatest length that are no more than there shall be. */
function evenChunks(spans: readonly SpeechSpan[], chunking: Chunking): Interval[] {
  const most = chunking.target - 2 * CONTEXT;
  const coarse = fillChunks(spans, most);
  const wanted = Math.max(coarse.length, chunkCount(spokenLength(spans), most));
  let [tooShort, enough] = [0, most];
  while (enough - tooShort > 0.01) {
    const middle = (tooShort + enough) / 2;
    if (fillChunks(spans, middle).length <= wanted) enough = middle;
    else tooShort = middle;
  }
  return fillChunks(spans, enough);
}

/** How many chunks of at most `most` seconds `length` seconds are to be cut into. */
function chunkCount(length: number, most: number): number {
  if (length < ROUND * MIN_LENGTH) return Math.max(1, 2 * Math.floor(length / (2 * MIN_LENGTH)));
  return ROUND * Math.ceil(length / (ROUND * most));
}

/** Seconds of speech and of the silences that do not end a chunk. */
function spokenLength(spans: readonly SpeechSpan[]): number {
  return fillChunks(spans, Infinity).reduce((sum, chunk) => sum + chunk.end - chunk.start, 0);
}

function fillChunks(spans: readonly SpeechSpan[], most: number): Interval[] {
  const chunks: { start: number; end: number }[] = [];
  for (const span of spans) {
    const last = chunks.at(-1);
    if (last && span.end - last.start <= most && span.start - last.end < LONG_SILENCE) last.end = span.end;
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
