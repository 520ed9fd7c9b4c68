/** What is really in a recording; times in seconds from its start, rounded to milliseconds. */
export interface Truth {
  /** In the order of their start. `channel` counts from 0 (0 everywhere in a mono recording). */
  readonly words: readonly TrueWord[];
  /** In the order of their start; turns of different speakers may overlap, those of one speaker never do. */
  readonly turns: readonly TrueTurn[];
  readonly duration: number;
}

export interface TrueWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly speaker: string;
  readonly channel: number;
}

export interface TrueTurn {
  readonly speaker: string;
  readonly start: number;
  readonly end: number;
}

/** A pause of one speaker that is longer than this ends the turn. */
export const TURN_PAUSE = 0.5;

/** Turns from words: from a speaker's first phone to the last one before a pause longer than `TURN_PAUSE`. */
export function turnsOf(words: readonly TrueWord[]): TrueTurn[] {
  const turns: { speaker: string; start: number; end: number }[] = [];
  for (const { speaker, start, end } of words) {
    const last = turns.findLast((turn) => turn.speaker === speaker);
    if (last && start - last.end <= TURN_PAUSE) last.end = end;
    else turns.push({ speaker, start, end });
  }
  return turns;
}

/** The turns as NIST RTTM lines. */
export function toRttm(name: string, truth: Truth): string {
  return truth.turns
    .map(
      ({ speaker, start, end }) =>
        `SPEAKER ${name} 1 ${start.toFixed(3)} ${(end - start).toFixed(3)} <NA> <NA> ${speaker} <NA> <NA>\n`,
    )
    .join('');
}

/** The words as NIST STM lines, one a turn; channels count from 1 there. */
export function toStm(name: string, truth: Truth): string {
  return truth.turns
    .map(({ speaker, start, end }) => {
      const words = truth.words.filter(
        (word) => word.speaker === speaker && word.start >= start && word.end <= end,
      );
      const channel = (words[0]?.channel ?? 0) + 1;
      const text = words.map((word) => word.text).join(' ');
      return `${name} ${channel} ${speaker} ${start.toFixed(3)} ${end.toFixed(3)} ${text}\n`;
    })
    .join('');
}

/** The words as NIST CTM lines; channels count from 1 there. */
export function toCtm(name: string, truth: Truth): string {
  return [...truth.words]
    .sort((one, other) => one.channel - other.channel || one.start - other.start)
    .map(
      ({ text, start, end, channel }) =>
        `${name} ${channel + 1} ${start.toFixed(3)} ${(end - start).toFixed(3)} ${text}\n`,
    )
    .join('');
}
