import type { HeardTurn } from './attribution.ts';

/**
 * The same turns without overlap on one channel: where several speak at once the floor stays with whoever had it, that
 * is the turn that began first; a turn that lies wholly inside another keeps its place (a short answer in the middle of
 * somebody's sentence is that speaker's), so its host is cut in two. Order of start; slivers under 10 ms are dropped.
 */
export function exclusiveTurns(turns: readonly HeardTurn[]): HeardTurn[] {
  const channels = new Set(turns.map((turn) => turn.channel));
  return [...channels]
    .flatMap((channel) => exclusiveOnChannel(turns.filter((turn) => turn.channel === channel)))
    .sort((a, b) => a.start - b.start || (a.channel ?? -1) - (b.channel ?? -1));
}

const SLIVER = 0.01;

function exclusiveOnChannel(turns: readonly HeardTurn[]): HeardTurn[] {
  const result: HeardTurn[] = [];
  for (const turn of [...turns].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const floor = result.at(-1);
    if (!floor || turn.start >= floor.end) result.push(turn);
    else if (turn.end < floor.end) {
      result.pop();
      result.push({ ...floor, end: turn.start }, turn, { ...floor, start: turn.end });
    } else if (turn.end > floor.end) result.push({ ...turn, start: floor.end });
  }
  return result.filter((turn) => turn.end - turn.start >= SLIVER);
}
