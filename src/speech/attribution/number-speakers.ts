import type { HeardTurn } from './attribution.ts';

/** The same turns in order of start, speakers renamed "S1", "S2", … by first appearance (ties: by channel, then end). */
export function numberSpeakers(turns: readonly HeardTurn[]): HeardTurn[] {
  const names = new Map<string, string>();
  return [...turns]
    .sort((a, b) => a.start - b.start || (a.channel ?? 0) - (b.channel ?? 0) || a.end - b.end)
    .map((turn) => {
      const name = names.get(turn.speaker) ?? `S${names.size + 1}`;
      names.set(turn.speaker, name);
      return { ...turn, speaker: name };
    });
}
