import { bestAssignment } from './assignment.ts';

/** [start, end) of one speaker, in seconds. Turns may overlap, in any order. */
export interface SpeakerTurn {
  readonly speaker: string;
  readonly start: number;
  readonly end: number;
}

export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Seconds of speaker time, and `der` = (missed + falseAlarm + confusion) / total. */
export interface DiarizationErrors {
  /** 0.05 is 5 %. With an empty reference: 0 when nothing is wrong, Infinity otherwise. */
  readonly der: number;
  /** Reference speakers for whom no speaker was found at that time. */
  readonly missed: number;
  /** Speakers found where the reference has fewer. */
  readonly falseAlarm: number;
  /** Speakers found that are mapped to another speaker than the one who speaks. */
  readonly confusion: number;
  /** Speaker time of the reference that was scored; overlapped speech counts once for each speaker. */
  readonly total: number;
  /** Which hypothesis speaker stands for each reference speaker; a speaker without a counterpart is absent. */
  readonly mapping: ReadonlyMap<string, string>;
}

/**
 * Diarization error rate as NIST's md-eval.pl (version 22) computes it, overlapped speech scored: speakers are mapped
 * one to one so that the time they share is greatest, and each moment is charged with the speakers it has too few, too
 * many and wrong. Which of several equally good mappings is taken is not defined (nor is it there); with a collar the
 * confusion may depend on it.
 * `collar`: seconds before and after every reference boundary that are not scored (they do count for the mapping).
 * `scored`: the parts of the recording that are scored (a UEM); by default, like md-eval.pl, from the first to the last
 * moment of the reference, so that false alarms outside it cost nothing: give `[{start: 0, end: duration}]` to
 * charge them.
 */
export function diarizationErrorRate(
  reference: readonly SpeakerTurn[],
  hypothesis: readonly SpeakerTurn[],
  options: { readonly collar?: number; readonly scored?: readonly Interval[] } = {},
): DiarizationErrors {
  const scored = options.scored ?? extent(reference);
  const pieces = [...cutAtBoundaries(reference, hypothesis, scored, options.collar ?? 0)];
  const mapping = mapSpeakers(pieces);
  const errors = { missed: 0, falseAlarm: 0, confusion: 0, total: 0 };
  for (const piece of pieces) {
    if (piece.collar) continue;
    const [real, found] = [piece.reference.length, piece.hypothesis.length];
    const right = piece.reference.filter((speaker) => {
      const counterpart = mapping.get(speaker);
      return counterpart !== undefined && piece.hypothesis.includes(counterpart);
    }).length;
    errors.total += piece.duration * real;
    errors.missed += piece.duration * Math.max(0, real - found);
    errors.falseAlarm += piece.duration * Math.max(0, found - real);
    errors.confusion += piece.duration * (Math.min(real, found) - right);
  }
  const wrong = errors.missed + errors.falseAlarm + errors.confusion;
  return { der: wrong === 0 ? 0 : wrong / errors.total, ...errors, mapping };
}

/** A stretch of the scored time in which nobody begins or ends. */
interface Piece {
  readonly duration: number;
  readonly reference: readonly string[];
  readonly hypothesis: readonly string[];
  readonly collar: boolean;
}

interface Boundary {
  readonly time: number;
  readonly list: 'reference' | 'hypothesis' | 'scored' | 'collar';
  readonly name: string;
  readonly change: 1 | -1;
}

function extent(turns: readonly SpeakerTurn[]): Interval[] {
  const real = turns.filter((turn) => turn.end > turn.start);
  if (real.length === 0) return [];
  const start = real.reduce((least, turn) => Math.min(least, turn.start), Infinity);
  return [{ start, end: real.reduce((most, turn) => Math.max(most, turn.end), -Infinity) }];
}

function* cutAtBoundaries(
  reference: readonly SpeakerTurn[],
  hypothesis: readonly SpeakerTurn[],
  scored: readonly Interval[],
  collar: number,
): Generator<Piece> {
  const boundaries = [
    ...reference.flatMap((turn) => bounds(turn, 'reference', turn.speaker)),
    ...hypothesis.flatMap((turn) => bounds(turn, 'hypothesis', turn.speaker)),
    ...scored.flatMap((interval) => bounds(interval, 'scored')),
    ...reference
      .flatMap((turn) => [turn.start, turn.end])
      .flatMap((time) => bounds({ start: time - collar, end: time + collar }, 'collar')),
  ].sort((one, other) => one.time - other.time);
  const open = {
    reference: new Map<string, number>(),
    hypothesis: new Map<string, number>(),
    scored: new Map<string, number>(),
    collar: new Map<string, number>(),
  };
  let before = 0;
  for (const { time, list, name, change } of boundaries) {
    if (time > before && open.scored.size > 0)
      yield {
        duration: time - before,
        reference: [...open.reference.keys()],
        hypothesis: [...open.hypothesis.keys()],
        collar: open.collar.size > 0,
      };
    before = time;
    const count = (open[list].get(name) ?? 0) + change;
    if (count === 0) open[list].delete(name);
    else open[list].set(name, count);
  }
}

function bounds({ start, end }: Interval, list: Boundary['list'], name = ''): Boundary[] {
  if (!(end > start)) return [];
  return [
    { time: start, list, name, change: 1 },
    { time: end, list, name, change: -1 },
  ];
}

function mapSpeakers(pieces: readonly Piece[]): Map<string, string> {
  const rows = [...new Set(pieces.flatMap((piece) => piece.reference))];
  const columns = [...new Set(pieces.flatMap((piece) => piece.hypothesis))];
  const rowAt = new Map(rows.map((speaker, row) => [speaker, row]));
  const columnAt = new Map(columns.map((speaker, column) => [speaker, column]));
  const shared = rows.map(() => new Array<number>(columns.length).fill(0));
  for (const piece of pieces)
    for (const one of piece.reference)
      for (const other of piece.hypothesis) {
        const row = shared[rowAt.get(one) ?? 0];
        const column = columnAt.get(other) ?? 0;
        if (row) row[column] = (row[column] ?? 0) + piece.duration;
      }
  const mapping = new Map<string, string>();
  bestAssignment(shared).forEach((column, row) => {
    const [one, other] = [rows[row], column === null ? undefined : columns[column]];
    if (one !== undefined && other !== undefined) mapping.set(one, other);
  });
  return mapping;
}
