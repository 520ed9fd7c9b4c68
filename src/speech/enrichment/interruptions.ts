import type { Turn } from '../../transcript/schema.ts';

/** Less talking at once, in seconds, is a diarizer's rounding, not an interruption. */
const MIN_OVERLAP = 0.1;

/**
 * How often each speaker interrupted: began while another was speaking, for at least 0.1 s, and went on after that other
 * had ended. One turn interrupts once at most. Speakers who never did are not in the map. Cost: turns x turns that are
 * open at once.
 */
export function countInterruptions(turns: readonly Turn[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  let open: Turn[] = [];
  for (const turn of [...turns].sort((a, b) => a.start - b.start)) {
    open = open.filter(({ end }) => end - turn.start >= MIN_OVERLAP);
    const interrupts = open.some(
      (other) => other.speaker !== turn.speaker && other.start < turn.start && other.end < turn.end,
    );
    if (interrupts) counts.set(turn.speaker, (counts.get(turn.speaker) ?? 0) + 1);
    open.push(turn);
  }
  return counts;
}
