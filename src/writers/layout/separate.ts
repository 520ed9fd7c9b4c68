/** Something shown for a while: whole milliseconds, and how much there is to read. */
export interface Shown {
  readonly start: number;
  readonly end: number;
  readonly weight: number;
}

/** Two that begin within this many milliseconds of each other share their time; otherwise the earlier one ends early. */
const SHARE_WITHIN = 500;
/** What has no time at all is shown this long, if nothing else begins. */
const SHOWN_AT_LEAST = 500;

/**
 * The same things in the order they are to be shown, so that none overlaps the next, none runs backwards and each lasts
 * at least one millisecond. The one that begins first is cut where the next begins; those that begin together follow
 * each other, the first to end first, each within its own time as long as that has a millisecond for everyone.
 */
export function* separate<T extends Shown>(things: readonly T[]): Generator<T> {
  const sorted = things
    .map((thing) => (thing.end > thing.start ? thing : { ...thing, end: thing.start + SHOWN_AT_LEAST }))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let free = 0;
  for (let i = 0; i < sorted.length;) {
    const begin = (sorted[i] as T).start;
    let next = i + 1;
    while (next < sorted.length && (sorted[next] as T).start < begin + SHARE_WITHIN) next++;
    const until = sorted[next]?.start ?? Infinity;
    const together = sorted.slice(i, next).map((thing) => ({ ...thing, end: Math.min(thing.end, until) }));
    for (const thing of share(together, free)) {
      yield thing;
      free = thing.end;
    }
    i = next;
  }
}

/** Deadline first; each gets its share, by weight, of the time left to itself and to those that come after it. */
function share<T extends Shown>(things: readonly T[], free: number): T[] {
  const queue = [...things].sort((a, b) => a.end - b.end || a.start - b.start);
  let now = free;
  return queue.map((thing, i) => {
    const start = Math.max(now, thing.start);
    let end = thing.end;
    let weight = thing.weight;
    for (const later of queue.slice(i + 1)) {
      weight += later.weight;
      // Whoever ends later but also begins later asks for nothing of this time.
      if (later.start < end)
        end = Math.min(end, start + Math.floor(((later.end - start) * thing.weight) / weight));
    }
    now = Math.max(end, start + 1);
    return { ...thing, start, end: now };
  });
}
