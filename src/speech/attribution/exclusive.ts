import type { HeardTurn } from './attribution.ts';

/** Slivers shorter than this many seconds are dropped. */
const SLIVER = 0.01;

/**
 * The same turns without overlap on one channel. Where several speak at once, the floor is theirs who end first: with two
 * overlapping turns the first speaker finishes, and a short answer inside somebody's long turn is kept, which cuts the
 * long one in two. Ties go to the turn that began first. Order of start.
 */
export function exclusiveTurns(turns: readonly HeardTurn[]): HeardTurn[] {
  const channels = new Set(turns.map((turn) => turn.channel));
  return [...channels]
    .flatMap((channel) => exclusiveOnChannel(turns.filter((turn) => turn.channel === channel)))
    .sort((a, b) => a.start - b.start || (a.channel ?? -1) - (b.channel ?? -1));
}

function exclusiveOnChannel(turns: readonly HeardTurn[]): HeardTurn[] {
  const waiting = [...turns].sort((a, b) => a.start - b.start);
  const times = [...new Set(turns.flatMap((turn) => [turn.start, turn.end]))].sort((a, b) => a - b);
  const result: HeardTurn[] = [];
  let open: HeardTurn[] = [];
  let next = 0;
  times.slice(0, -1).forEach((start, i) => {
    const end = times[i + 1] as number;
    open = open.filter((turn) => turn.end > start);
    while (next < waiting.length && (waiting[next] as HeardTurn).start <= start)
      open.push(waiting[next++] as HeardTurn);
    const owner = open.reduce<HeardTurn | null>(
      (first, turn) => (first && first.end <= turn.end ? first : turn),
      null,
    );
    if (owner === null) return;
    const last = result.at(-1);
    if (last && last.speaker === owner.speaker && last.end === start)
      result[result.length - 1] = { ...last, end };
    else result.push({ ...owner, start, end });
  });
  return result.filter((turn) => turn.end - turn.start >= SLIVER);
}
