import type { Atom } from './atoms.ts';

type Break = { readonly cost: number; readonly end: number };

const AFTER_PUNCTUATION = /[\p{Po}\p{Pe}\p{Pf}\p{Pd}]$/u;
/** How many columns off the middle a break may be for standing after punctuation. */
const PUNCTUATION_WORTH = 9;

/**
 * The lines of one cue: as few as fit, and among the ways to break them the most even one, where a break after
 * punctuation counts as more even than it is. No atom may be wider than `maxWidth`.
 */
export function breakIntoLines(atoms: readonly Atom[], maxWidth: number): string[] {
  const count = countLines(atoms, maxWidth);
  const target = widthOf(atoms) / count;
  // breaks[lines][from]: the best end of the first of `lines` lines that hold atoms `from` and all after it.
  const breaks: Break[][] = [];
  for (let lines = 1; lines <= count; lines++)
    breaks[lines] = atoms.map((_, from) =>
      bestBreak(atoms, from, lines, maxWidth, target, breaks[lines - 1] ?? []),
    );
  const result: string[] = [];
  for (let from = 0; from < atoms.length;) {
    const { end } = breaks[count - result.length]?.[from] as Break;
    result.push(textOf(atoms.slice(from, end)));
    from = end;
  }
  return result;
}

/** How many lines the atoms need at the least: filling each line before the next needs the fewest. */
export function countLines(atoms: readonly Atom[], maxWidth: number): number {
  const filling = new LineFilling(maxWidth);
  for (const atom of atoms) filling.add(atom);
  return filling.lines;
}

/** Counts the lines of a growing text. */
export class LineFilling {
  lines = 0;
  #width = 0;
  readonly #maxWidth: number;

  constructor(maxWidth: number) {
    this.#maxWidth = maxWidth;
  }

  add(atom: Atom): void {
    const width = this.#width + atom.width + (atom.space ? 1 : 0);
    const goesOn = this.lines > 0 && width <= this.#maxWidth;
    if (!goesOn) this.lines++;
    this.#width = goesOn ? width : atom.width;
  }
}

/** The atoms as running text, without the space in front of the first. */
export function textOf(atoms: readonly Atom[]): string {
  return atoms.map((atom, i) => (i > 0 && atom.space ? ` ${atom.text}` : atom.text)).join('');
}

/** Columns of the atoms on one line. */
export function widthOf(atoms: readonly Atom[]): number {
  return atoms.reduce((width, atom, i) => width + atom.width + (i > 0 && atom.space ? 1 : 0), 0);
}

function bestBreak(
  atoms: readonly Atom[],
  from: number,
  lines: number,
  maxWidth: number,
  target: number,
  after: readonly Break[],
): Break {
  let best: Break = { cost: Infinity, end: atoms.length };
  let width = 0;
  for (let end = from + 1; end <= atoms.length; end++) {
    const atom = atoms[end - 1] as Atom;
    width += atom.width + (end - 1 > from && atom.space ? 1 : 0);
    if (width > maxWidth && end > from + 1) break;
    if ((end === atoms.length) !== (lines === 1)) continue;
    const worth = lines > 1 && AFTER_PUNCTUATION.test(atom.text) ? PUNCTUATION_WORTH ** 2 : 0;
    const cost = (width - target) ** 2 - worth + (lines === 1 ? 0 : (after[end]?.cost ?? Infinity));
    if (cost < best.cost) best = { cost, end };
  }
  return best;
}
