import type { Segment, Transcript } from '../transcript/schema.ts';
import { speakerNames } from './names.ts';
import { joinTexts, oneLine } from './text.ts';

/** What one speaker says without a long pause. `speaker` is the id, `name` what readers see; both null for nobody. */
export interface Paragraph {
  readonly kind: 'speech';
  readonly start: number;
  readonly end: number;
  readonly speaker: string | null;
  readonly name: string | null;
  readonly text: string;
  readonly segments: readonly Segment[];
}

/** A stretch of the recording that could not be transcribed, shown where it lies. Silence is nothing to report. */
export interface Missing {
  readonly kind: 'gap';
  readonly start: number;
  readonly end: number;
  readonly reason: string;
}

/** A new paragraph begins after this many seconds of silence, and once one has lasted this long. */
const PAUSE = 3;
const LONG = 90;

/** The transcript for readers: paragraphs by speaker, and the gaps, in the order of their start. */
export function paragraphsOf(transcript: Transcript): (Paragraph | Missing)[] {
  const gaps = lost(transcript);
  return [...speech(transcript, gaps), ...gaps].sort((a, b) => a.start - b.start);
}

/** All that was said as one text, in the order of the segments' start. */
export function fullText(transcript: Transcript): string {
  return joinTexts(inOrder(transcript.segments).map((segment) => textOf(segment)));
}

/** The segments in the order of their start. */
export function inOrder(segments: readonly Segment[]): Segment[] {
  return [...segments].sort((a, b) => a.start - b.start || a.id - b.id);
}

/** A segment's text on one line; its words when it has no text of its own. */
export function textOf(segment: Segment): string {
  return oneLine(segment.text) || joinTexts(segment.words.map((word) => oneLine(word.text)));
}

function speech(transcript: Transcript, gaps: readonly Missing[]): Paragraph[] {
  const nameOf = speakerNames(transcript);
  const runs: Segment[][] = [];
  const gapBetween = (from: number, to: number): boolean =>
    gaps.some((gap) => gap.start >= from && gap.start < to);
  for (const segment of inOrder(transcript.segments)) {
    if (textOf(segment) === '') continue;
    const run = runs.at(-1);
    const [first, last] = [run?.[0], run?.at(-1)];
    const goesOn =
      first &&
      last &&
      last.speaker === segment.speaker &&
      segment.start - last.end < PAUSE &&
      segment.end - first.start < LONG &&
      !gapBetween(first.start, segment.start);
    if (goesOn) run?.push(segment);
    else runs.push([segment]);
  }
  return runs.map((segments) => {
    const { start, speaker } = segments[0] as Segment;
    const end = Math.max(...segments.map((segment) => segment.end));
    const text = joinTexts(segments.map((segment) => textOf(segment)));
    return { kind: 'speech', start, end, speaker, name: nameOf(speaker), text, segments };
  });
}

function lost({ gaps }: Transcript): Missing[] {
  return gaps
    .filter(({ reason }) => reason !== 'no_speech')
    .map(({ start, end, reason }) => ({ kind: 'gap', start, end, reason: oneLine(reason) }));
}
