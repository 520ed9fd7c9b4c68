import type { DiarizedTurn } from './diarization.ts';

/** A turn whose speaker is still a number of some engine's own. */
export interface NumberedTurn {
  readonly start: number;
  readonly end: number;
  readonly speaker: number;
  readonly channel: number | null;
}

/** A pause up to this does not end a turn, whoever speaks in it. Seconds. */
const LONGEST_PAUSE = 0.5;

/**
 * Turns in order of start (then end, then channel) with speakers named S1, S2, … by first appearance. Turns of one
 * speaker with a short pause, or none, between them become one, with the channel null when it was not the same.
 */
export function nameSpeakers(turns: readonly NumberedTurn[]): DiarizedTurn[] {
  const ordered = [...turns].sort(
    (a, b) =>
      a.start - b.start || a.end - b.end || (a.channel ?? -1) - (b.channel ?? -1) || a.speaker - b.speaker,
  );
  const names = new Map<number, string>();
  const lasts = new Map<number, { start: number; end: number; speaker: string; channel: number | null }>();
  const named: { start: number; end: number; speaker: string; channel: number | null }[] = [];
  for (const turn of ordered) {
    if (turn.end <= turn.start) continue;
    const last = lasts.get(turn.speaker);
    if (last && turn.start - last.end <= LONGEST_PAUSE) {
      last.end = Math.max(last.end, turn.end);
      if (last.channel !== turn.channel) last.channel = null;
      continue;
    }
    const speaker = names.get(turn.speaker) ?? `S${names.size + 1}`;
    names.set(turn.speaker, speaker);
    const own = { start: turn.start, end: turn.end, speaker, channel: turn.channel };
    lasts.set(turn.speaker, own);
    named.push(own);
  }
  return named;
}
