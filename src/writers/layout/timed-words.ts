import type { Segment } from '../../transcript/schema.ts';
import { oneLine } from '../text.ts';
import { displayWidth } from './width.ts';

/** A text with its time, in seconds from the start of the recording; end >= start. */
export interface TimedText {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * One word of a segment. `space`: a space stands before it. `measured`: the times are the recogniser's own. `confidence`
 * is null where it is not known.
 */
export interface TimedWord extends TimedText {
  readonly confidence: number | null;
  readonly width: number;
  readonly space: boolean;
  readonly measured: boolean;
}

type Token = {
  text: string;
  space: boolean;
  confidence: number | null;
  start: number | null;
  end: number | null;
};

/**
 * The words of a segment in reading order, inside the segment, never running backwards. The segment's text decides what
 * is read: when its words spell something else (an edited text), or when there are none, the text is split at spaces.
 * Words whose own times are missing, reversed or outside the segment are spread between their neighbours by width.
 */
export function timedWords(segment: Segment): TimedWord[] {
  const tokens = tokensOf(segment);
  const end = Math.max(segment.start, segment.end);
  let earliest = segment.start;
  const timed = tokens.map((token) => {
    const useful = token.start !== null && token.end !== null && token.end > token.start;
    const start = Math.max(earliest, token.start ?? 0);
    const stop = Math.min(end, token.end ?? 0);
    if (!useful || stop <= start) return { ...token, start: null, end: null };
    earliest = stop;
    return { ...token, start, end: stop };
  });
  return interpolated(timed, segment.start, end);
}

function tokensOf(segment: Segment): Token[] {
  const text = oneLine(segment.text);
  const words = segment.words
    .map((word) => ({ ...word, text: oneLine(word.text) }))
    .filter((word) => word.text !== '');
  const spelled = words.map((word) => word.text).join('');
  if (words.length > 0 && (text === '' || unspaced(text) === unspaced(spelled))) {
    let at = 0;
    return words.map(({ text: word, start, end, confidence }, i) => {
      const space = text === '' ? i > 0 : text[at] === ' ';
      at = endOf(text, at, unspaced(word).length);
      return { text: word, space, confidence, start, end };
    });
  }
  if (text === '') return [];
  return text
    .split(' ')
    .map((part, i) => ({ text: part, space: i > 0, confidence: null, start: null, end: null }));
}

/** Where in `text` the next `count` characters other than spaces end, counted from `at`. */
function endOf(text: string, at: number, count: number): number {
  let left = count;
  let i = at;
  while (left > 0) if (text[i++] !== ' ') left--;
  return i;
}

function unspaced(text: string): string {
  return text.replaceAll(' ', '');
}

function interpolated(tokens: readonly Token[], start: number, end: number): TimedWord[] {
  const words: TimedWord[] = [];
  for (let i = 0; i < tokens.length;) {
    let next = i;
    while (next < tokens.length && tokens[next]?.start === null) next++;
    const run = tokens.slice(i, next);
    const from = words.at(-1)?.end ?? start;
    const to = tokens[next]?.start ?? end;
    words.push(...spread(run, from, Math.max(from, to)));
    const known = tokens[next];
    if (known) {
      const width = displayWidth(known.text);
      const times = { start: known.start as number, end: known.end as number };
      words.push({ ...known, ...times, width, measured: true });
    }
    i = next + 1;
  }
  return words;
}

function spread(run: readonly Token[], from: number, to: number): TimedWord[] {
  const widths = run.map((token) => displayWidth(token.text) + 1);
  const total = widths.reduce((sum, width) => sum + width, 0);
  let before = 0;
  return run.map((token, i) => {
    const start = from + ((to - from) * before) / total;
    before += widths[i] as number;
    const end = from + ((to - from) * before) / total;
    return { ...token, width: displayWidth(token.text), measured: false, start, end };
  });
}
