import type { Turn, Word } from '../../transcript/schema.ts';

/** A word and the channel it was heard on (null: the mono mix). */
export interface HeardWord extends Word {
  readonly channel: number | null;
}

/** A turn and the channel it was found on (null: the mono mix). */
export interface HeardTurn extends Turn {
  readonly channel: number | null;
}

/** Every word with its speaker, in the same order; see `attribution`. */
export function attributeWords(words: readonly HeardWord[], turns: readonly HeardTurn[]): HeardWord[] {
  return words.map(attribution(turns));
}

/**
 * Gives a word its speaker: the one whose turns cover most of it, summed over all of that speaker's turns. On a tie
 * the speaker whose turn began first. A word outside all turns goes to the nearest turn, the earlier one on a tie. Words
 * of a channel look only at turns of that channel. Without turns the speaker is null.
 * Cost of a word: the turns near it (they are searched by bisection).
 */
export function attribution(turns: readonly HeardTurn[]): (word: HeardWord) => HeardWord {
  const byChannel = new Map<number | null, TurnIndex>();
  for (const channel of new Set(turns.map((turn) => turn.channel)))
    byChannel.set(channel, indexTurns(turns.filter((turn) => turn.channel === channel)));
  return (word) => {
    const index = byChannel.get(word.channel);
    return { ...word, speaker: index ? speakerOf(word, index) : null };
  };
}

interface TurnIndex {
  /** Sorted by start. */
  readonly turns: readonly HeardTurn[];
  /** Latest end among turns[0..i]: where it lies before a word, no earlier turn can reach that word. */
  readonly reach: readonly number[];
}

function indexTurns(turns: readonly HeardTurn[]): TurnIndex {
  const sorted = [...turns].sort(
    (a, b) => a.start - b.start || a.end - b.end || (a.speaker < b.speaker ? -1 : 1),
  );
  let latest = 0;
  return { turns: sorted, reach: sorted.map((turn) => (latest = Math.max(latest, turn.end))) };
}

function speakerOf(word: HeardWord, index: TurnIndex): string | null {
  const after = firstStartingAt(index.turns, word.end);
  const overlap = new Map<string, number>();
  let nearest = { distance: Infinity, speaker: null as string | null };
  for (let i = after - 1; i >= 0; i--) {
    const turn = index.turns[i] as HeardTurn;
    const shared = Math.min(word.end, turn.end) - Math.max(word.start, turn.start);
    if (shared > 0) overlap.set(turn.speaker, (overlap.get(turn.speaker) ?? 0) + shared);
    const distance = Math.max(0, word.start - turn.end);
    if (distance <= nearest.distance) nearest = { distance, speaker: turn.speaker };
    // Earlier turns that end before this distance can neither overlap nor be nearer.
    if ((index.reach[i] as number) < word.start - nearest.distance) break;
  }
  const next = index.turns[after];
  if (overlap.size === 0)
    return next && next.start - word.end < nearest.distance ? next.speaker : nearest.speaker;
  return largest(overlap, index.turns);
}

/** The speaker with most overlap; equal ones (to a microsecond) are told apart by whose turn begins first. */
function largest(overlap: ReadonlyMap<string, number>, turns: readonly HeardTurn[]): string {
  const most = Math.max(...overlap.values());
  const tied = [...overlap].filter(([, shared]) => most - shared < 1e-6).map(([speaker]) => speaker);
  return (turns.find((turn) => tied.includes(turn.speaker)) as HeardTurn).speaker;
}

/** Index of the first turn with start >= time. */
function firstStartingAt(turns: readonly HeardTurn[], time: number): number {
  let [low, high] = [0, turns.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((turns[middle] as HeardTurn).start < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
