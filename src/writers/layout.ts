import type { Segment, Transcript } from '../transcript/schema.ts';
import { atomsOf, type Atom } from './layout/atoms.ts';
import { cutIntoCues } from './layout/cuts.ts';
import { breakIntoLines, textOf } from './layout/lines.ts';
import { separate } from './layout/separate.ts';
import { displayWidth, graphemes } from './layout/width.ts';
import { speakerNames } from './names.ts';
import { oneLine } from './text.ts';
import { toMilliseconds } from './timestamps.ts';
import type { WriterOptions } from './writer.ts';

/** One subtitle: whole milliseconds with end > start, the speaker's name or null, and at least one line of text. */
export interface Cue {
  readonly start: number;
  readonly end: number;
  readonly speaker: string | null;
  readonly lines: readonly string[];
}

/** What differs between subtitle formats. */
export interface CueStyle {
  /** Put `Name: ` into the text of every cue, for formats that have no other place for it. */
  readonly nameInText: boolean;
  /** Makes text safe for the format before it is measured; must not make it wider. */
  readonly clean?: (text: string) => string;
}

/**
 * A transcript as subtitles, in the order they are shown. A cue never spans two segments, keeps `options`, takes its
 * edges from the words' own times, and ends before the next one begins. Segments without text give no cue.
 */
export function* layoutCues(transcript: Transcript, options: WriterOptions, style: CueStyle): Generator<Cue> {
  const nameOf = speakerNames(transcript);
  const clean = style.clean ?? ((text: string): string => text);
  const cues = transcript.segments.flatMap((segment) => {
    const name = nameOf(segment.speaker);
    const lead = name !== null && style.nameInText ? leadAtom(clean(name), columns(options)) : null;
    return segmentCues(cleaned(segment, clean), options, lead).map((cue) => ({ ...cue, speaker: name }));
  });
  for (const { start, end, speaker, lines } of separate(cues)) yield { start, end, speaker, lines };
}

function segmentCues(segment: Segment, options: WriterOptions, lead: Atom | null) {
  const maxWidth = columns(options);
  const atoms = atomsOf(segment, lead ? Math.max(2, maxWidth - lead.width - 1) : maxWidth);
  const maxLines = Math.max(1, Math.floor(options.maxLines));
  const limits = { maxWidth, maxLines, maxSeconds: options.maxCueSeconds, lead };
  return cutIntoCues(atoms, limits).map((run) => {
    const start = toMilliseconds((run[0] as Atom).start);
    const end = toMilliseconds(Math.max(...run.map((atom) => atom.end)));
    const content = lead ? [lead, { ...(run[0] as Atom), space: true }, ...run.slice(1)] : run;
    return {
      start,
      end: Math.min(end, start + Math.max(1, toMilliseconds(options.maxCueSeconds))),
      weight: Math.max(1, displayWidth(textOf(run))),
      lines: breakIntoLines(content, maxWidth),
    };
  });
}

/** The name as it stands in a cue, shortened when it would take more than half of a line. */
function leadAtom(name: string, maxWidth: number): Atom {
  const room = Math.max(1, Math.floor(maxWidth / 2) - 1);
  let short = name;
  if (displayWidth(name) > room) {
    const letters = graphemes(name);
    while (letters.length > 0 && displayWidth(letters.join('')) >= room) letters.pop();
    short = `${letters.join('').trimEnd()}…`;
  }
  const text = `${short}:`;
  return { text, width: displayWidth(text), space: false, start: 0, end: 0 };
}

function cleaned(segment: Segment, clean: (text: string) => string): Segment {
  const words = segment.words.map((word) => ({ ...word, text: clean(oneLine(word.text)) }));
  return { ...segment, text: clean(oneLine(segment.text)), words };
}

function columns(options: WriterOptions): number {
  return Math.max(2, Math.floor(options.maxLineChars));
}
