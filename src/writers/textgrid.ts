import type { Segment, Transcript } from '../transcript/schema.ts';
import { separate } from './layout/separate.ts';
import { timedWords } from './layout/timed-words.ts';
import { displayWidth } from './layout/width.ts';
import { speakerNames } from './names.ts';
import { inOrder, textOf } from './paragraphs.ts';
import { toMilliseconds } from './timestamps.ts';
import type { Writer } from './writer.ts';

type Interval = { readonly start: number; readonly end: number; readonly text: string };
type Tier = { readonly name: string; readonly intervals: readonly Interval[] };

/**
 * Praat's long text format. Each speaker has an interval tier of segments and one of words (`Name - words`); speech of
 * nobody in particular stands in `segments` and `words`. Source: the Praat manual, "TextGrid file formats".
 */
export const textgrid: Writer = {
  format: 'TextGrid',
  extension: '.TextGrid',
  mediaType: 'text/plain',
  render(transcript) {
    const tiers = tiersOf(transcript);
    const ends = tiers.flatMap((tier) => tier.intervals.map((interval) => interval.end));
    // Praat wants time to pass even where there is nothing.
    const end = ends.reduce(
      (a, b) => Math.max(a, b),
      Math.max(1, toMilliseconds(transcript.source.duration)),
    );
    const head = `File type = "ooTextFile"\nObject class = "TextGrid"\n\n${span(end, '')}tiers? <exists>\nsize = ${tiers.length}\nitem []:\n`;
    return head + tiers.map((tier, i) => tierText(tier, i + 1, end)).join('');
  },
};

function tiersOf(transcript: Transcript): Tier[] {
  const nameOf = speakerNames(transcript);
  const ids = new Set<string | null>(transcript.speakers.map((speaker) => speaker.id));
  const segments = inOrder(transcript.segments).filter((segment) => textOf(segment) !== '');
  for (const segment of segments) ids.add(segment.speaker);
  if (ids.size === 0) ids.add(null);
  return [...ids].flatMap((id) => {
    const own = segments.filter((segment) => segment.speaker === id);
    const name = nameOf(id);
    return [
      {
        name: name ?? 'segments',
        intervals: [...separate(own.map((segment) => interval(segment, textOf(segment))))],
      },
      {
        name: name === null ? 'words' : `${name} - words`,
        intervals: [...separate(own.flatMap((segment) => wordsOf(segment)))],
      },
    ];
  });
}

/** Only words with times of their own: an even spread would look like a measurement in a tool for measuring. */
function wordsOf(segment: Segment) {
  const words = timedWords(segment).filter((word) => word.measured);
  return words.map((word) => interval(word, word.text));
}

function interval({ start, end }: { start: number; end: number }, text: string) {
  return {
    start: toMilliseconds(start),
    end: toMilliseconds(end),
    text,
    weight: Math.max(1, displayWidth(text)),
  };
}

function tierText({ name, intervals }: Tier, number: number, end: number): string {
  const filled = withSilences(intervals, end);
  const head = `    item [${number}]:\n        class = "IntervalTier"\n        name = ${quoted(name)}\n${span(end, '        ')}`;
  const items = filled.map(
    (item, i) =>
      `        intervals [${i + 1}]:\n            xmin = ${item.start / 1000}\n            xmax = ${item.end / 1000}\n            text = ${quoted(item.text)}\n`,
  );
  return `${head}        intervals: size = ${filled.length}\n${items.join('')}`;
}

/** Praat's tiers have no holes: what nobody fills is an interval without text. */
function withSilences(intervals: readonly Interval[], end: number): Interval[] {
  const filled: Interval[] = [];
  let at = 0;
  for (const item of intervals) {
    if (item.start > at) filled.push({ start: at, end: item.start, text: '' });
    filled.push(item);
    at = item.end;
  }
  if (at < end) filled.push({ start: at, end, text: '' });
  return filled;
}

function span(end: number, indent: string): string {
  return `${indent}xmin = 0\n${indent}xmax = ${end / 1000}\n`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
