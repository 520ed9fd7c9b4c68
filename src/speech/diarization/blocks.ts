export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

/** A part of the recording that is diarized at once, and the speech spans in it. */
export interface Block extends TimeSpan {
  readonly spans: readonly TimeSpan[];
}

/** Long enough to hear everybody, short enough to forget: clustering costs the square of it, samples lie in memory. */
export const BLOCK_SECONDS = 300;
/** A rest shorter than this goes with the block before it. */
const LEAST_SECONDS = 60;
/** Silence that a block keeps at its ends: it shows how loud the background is. */
const MARGIN = 5;

/**
 * Cuts the recording into blocks of about `length` seconds, between two spans and half-way when they are near each other.
 * A span that is longer than a block is cut; a silence longer than MARGIN around the blocks belongs to none of them.
 */
export function blocksOf(spans: readonly TimeSpan[], duration: number, length = BLOCK_SECONDS): Block[] {
  const blocks: Block[] = [];
  let own: TimeSpan[] = [];
  let start = 0;
  const close = (end: number): void => {
    blocks.push({ start, end, spans: own });
    own = [];
  };
  const speechEnd = spans.at(-1)?.end ?? 0;
  for (const span of spans.flatMap((long) => pieces(long, length))) {
    const before = own.at(-1);
    const rest = speechEnd - start <= length + LEAST_SECONDS;
    if (before && span.end - start > length && !rest) {
      const middle = (before.end + span.start) / 2;
      close(Math.min(middle, before.end + MARGIN));
      start = Math.max(middle, span.start - MARGIN);
    } else if (!before) start = Math.max(0, span.start - MARGIN);
    own.push(span);
  }
  const last = own.at(-1);
  if (last) close(Math.min(duration, last.end + MARGIN));
  return blocks;
}

function pieces(span: TimeSpan, length: number): TimeSpan[] {
  const count = Math.ceil((span.end - span.start) / length);
  const edge = (i: number): number => span.start + ((span.end - span.start) * i) / count;
  return Array.from({ length: count }, (_, i) => ({ start: edge(i), end: edge(i + 1) }));
}
