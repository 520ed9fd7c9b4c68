import type { Atom } from './atoms.ts';
import { LineFilling } from './lines.ts';

/** What one cue may hold. `lead`: an atom (the speaker's name) that stands first in every cue, or null. */
export interface CueLimits {
  readonly maxWidth: number;
  readonly maxLines: number;
  readonly maxSeconds: number;
  readonly lead: Atom | null;
}

const SENTENCE_END = /[.?!…。？！؟।]["'»”’)\]]?$/u;
const CLAUSE_END = /[,;:、，；：،][)"'»”’\]]?$/u;
/** Seconds of silence that make a cut natural, and that a cue should not be held over. */
const PAUSE = 0.4;
const LONG_PAUSE = 1;

/**
 * Where to cut a segment's atoms into cues: the cheapest cuts by dynamic programming. Few cues are cheaper than many,
 * evenly filled ones cheaper than a full one and a rest, and a cut costs nothing at a sentence end, little at a clause
 * end or a pause, and much in the middle of a phrase. Returns the runs of atoms, in order; a run keeps all limits unless
 * it is a single atom that lasts too long.
 */
export function cutIntoCues(atoms: readonly Atom[], limits: CueLimits): Atom[][] {
  // best[i]: the cheapest way to have cut the first i atoms, and where its last cue began.
  const best: { cost: number; from: number }[] = [{ cost: 0, from: 0 }];
  for (let from = 0; from < atoms.length; from++) {
    const before = (best[from] as { cost: number }).cost;
    const filling = new LineFilling(limits.maxWidth);
    if (limits.lead) filling.add(limits.lead);
    let inner = 0;
    let width = 0;
    for (let to = from + 1; to <= atoms.length; to++) {
      const [first, last] = [atoms[from] as Atom, atoms[to - 1] as Atom];
      filling.add(to === from + 1 && limits.lead ? { ...last, space: true } : last);
      width += last.width + (last.space ? 1 : 0);
      const tooLong = filling.lines > limits.maxLines || last.end - first.start > limits.maxSeconds;
      if (tooLong && to > from + 1) break;
      if (to > from + 1 && silence(atoms[to - 2] as Atom, last) >= LONG_PAUSE) inner += 25;
      const cost = before + 10 + inner + cutCost(last, atoms[to]) + emptiness(width, limits);
      if (cost < (best[to]?.cost ?? Infinity)) best[to] = { cost, from };
    }
  }
  const runs: Atom[][] = [];
  for (let to = atoms.length; to > 0; to = (best[to] as { from: number }).from)
    runs.unshift(atoms.slice((best[to] as { from: number }).from, to));
  return runs;
}

function cutCost(last: Atom, next: Atom | undefined): number {
  if (!next || SENTENCE_END.test(last.text)) return 0;
  const cost = CLAUSE_END.test(last.text) ? 3 : next.space ? 18 : 22;
  return silence(last, next) >= PAUSE ? Math.min(cost, 2) : cost;
}

function emptiness(width: number, { maxWidth, maxLines }: CueLimits): number {
  const fill = Math.min(1, width / (maxWidth * maxLines));
  return 10 * (1 - fill) ** 2;
}

function silence(before: Atom, after: Atom): number {
  return after.start - before.end;
}
