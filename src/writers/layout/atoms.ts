import type { Segment } from '../../transcript/schema.ts';
import { isUnspaced } from '../text.ts';
import { displayWidth, graphemes } from './width.ts';
import { timedWords, type TimedText } from './timed-words.ts';

/** The smallest piece of text that a line or a cue may end after. Seconds; `space`: a space stands before it. */
export interface Atom extends TimedText {
  readonly width: number;
  readonly space: boolean;
}

const WORDS = new Intl.Segmenter('und', { granularity: 'word' });
/** What may not begin a line (closing punctuation, small kana, the long vowel mark) and what may not end one. */
const NOT_FIRST = /^[\p{Pe}\p{Pf}\p{Po}\p{Lm}\p{M}ぁぃぅぇぉっゃゅょァィゥェォッャュョ]/u;
const NOT_LAST = /[\p{Ps}\p{Pi}]$/u;

/**
 * A segment's text as atoms in reading order, none wider than `maxWidth` columns (a single character excepted). A word
 * of an unspaced script is cut where its language's dictionary allows; a longer word is cut where the line is full.
 */
export function atomsOf(segment: Segment, maxWidth: number): Atom[] {
  return sharingTime(glued(timedWords(segment).flatMap(wordPieces))).flatMap((atom) =>
    fitting(atom, maxWidth),
  );
}

function wordPieces(word: Atom): Atom[] {
  if (!isUnspaced(word.text)) return [word];
  return timedPieces(
    word,
    Array.from(WORDS.segment(word.text), (part) => part.segment),
  );
}

/** Puts together what no line break may part: letters with no space between, and punctuation with its word. */
function glued(atoms: readonly Atom[]): Atom[] {
  const whole: Atom[] = [];
  for (const atom of atoms) {
    const before = whole.at(-1);
    if (!before || atom.space || mayPart(before.text, atom.text)) whole.push(atom);
    else
      whole[whole.length - 1] = {
        ...before,
        text: before.text + atom.text,
        end: Math.max(before.end, atom.end),
        width: before.width + atom.width,
      };
  }
  return whole;
}

function mayPart(before: string, after: string): boolean {
  const meet = isUnspaced([...before].at(-1) ?? '') || isUnspaced([...after][0] ?? '');
  return meet && !NOT_FIRST.test(after) && !NOT_LAST.test(before);
}

/**
 * Recognisers give some words no time between two that touch. Such a word shares the time of the one before it, the
 * first ones that of the first that has any, so that it can be shown wherever the cuts fall.
 */
function sharingTime(atoms: readonly Atom[]): Atom[] {
  const groups: Atom[][] = [];
  for (const atom of atoms) {
    const group = groups.at(-1);
    const timed = group?.some((one) => one.end > one.start);
    if (group && (atom.end <= atom.start || !timed)) group.push(atom);
    else groups.push([atom]);
  }
  return groups.flatMap((group) => {
    const [start, end] = [(group[0] as Atom).start, Math.max(...group.map((atom) => atom.end))];
    return group.length === 1 ? group : proportional(group, start, end);
  });
}

function fitting(atom: Atom, maxWidth: number): Atom[] {
  if (atom.width <= maxWidth) return [atom];
  const pieces: string[] = [];
  let piece = '';
  for (const grapheme of graphemes(atom.text)) {
    if (piece !== '' && displayWidth(piece + grapheme) > maxWidth) {
      pieces.push(piece);
      piece = '';
    }
    piece += grapheme;
  }
  return timedPieces(atom, [...pieces, piece]);
}

/** The pieces of one atom share its time. */
function timedPieces(atom: Atom, texts: readonly string[]): Atom[] {
  const pieces = texts.map((text, i) => ({
    ...atom,
    text,
    width: displayWidth(text),
    space: i === 0 && atom.space,
  }));
  return proportional(pieces, atom.start, atom.end);
}

/** The atoms with [start, end) divided among them in proportion to their width. */
function proportional(atoms: readonly Atom[], start: number, end: number): Atom[] {
  const total = Math.max(
    1,
    atoms.reduce((sum, atom) => sum + atom.width, 0),
  );
  const at = (columns: number): number => start + ((end - start) * columns) / total;
  let before = 0;
  return atoms.map((atom) => {
    const from = before;
    before += atom.width;
    return { ...atom, start: at(from), end: at(before) };
  });
}
