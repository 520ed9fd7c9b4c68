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

/**
 * Cuts [0, duration] into blocks of about `length` seconds, in the middle of the pause between two spans. A span that
 * is longer than a block is cut where the block is full.
 */
export function blocksOf(spans: readonly TimeSpan[], duration: number, length = BLOCK_SECONDS): Block[] {
  const blocks: Block[] = [];
  const rest = spans.flatMap((span) => pieces(span, length));
  let start = 0;
  let own: TimeSpan[] = [];
  rest.forEach((span, i) => {
    const before = rest[i - 1];
    if (before && own.length > 0 && span.end - start > length && duration - span.start > LEAST_SECONDS) {
      const cut = (before.end + span.start) / 2;
      blocks.push({ start, end: cut, spans: own });
      start = cut;
      own = [];
    }
    // A silence longer than a block is not read at all.
    if (own.length === 0 && span.start - start > length) start = span.start - 1;
    own.push(span);
  });
  if (own.length > 0)
    blocks.push({
      start,
      end: Math.min(duration, Math.max((own.at(-1) as TimeSpan).end + 1, start)),
      spans: own,
    });
  return blocks;
}

function pieces(span: TimeSpan, length: number): TimeSpan[] {
  const count = Math.ceil((span.end - span.start) / length);
  const edge = (i: number): number => span.start + ((span.end - span.start) * i) / count;
  return Array.from({ length: count }, (_, i) => ({ start: edge(i), end: edge(i + 1) }));
}
