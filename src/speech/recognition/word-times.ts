import { SAMPLE_RATE } from '../../audio/waveform.ts';
import type { Word } from '../../transcript/schema.ts';
import type { ChunkAudio } from './recognition.ts';

/** Scripts that write words without spaces between them. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const MARKS_ONLY = /^[\p{P}\p{S}]+$/u;

/** Samples of a frame of `frameLevels`: 20 ms. */
export const LEVEL_FRAME = 320;
/** Frames this far below the loud ones (95th percentile of the chunk) count as pause. */
const PAUSE_DEPTH_DB = 30;
/** Words do not start and end with their loud parts: so many frames around them belong to them. */
const MARGIN_FRAMES = 3;

/** Whether this text belongs to a script that writes no spaces between words. */
export const isUnspaced = (text: string): boolean => UNSPACED.test(text);

/** Text as words, punctuation glued to the word before it (opening marks to the one behind). */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let opening = '';
  for (const part of text.split(/\s+/).flatMap((run) => (isUnspaced(run) ? segmented(run) : [run]))) {
    if (part === '') continue;
    const isMarks = MARKS_ONLY.test(part);
    if (isMarks && words.length > 0) words.push(`${words.pop()}${part}`);
    else if (isMarks) opening += part;
    else {
      words.push(opening + part);
      opening = '';
    }
  }
  return words;
}

/**
 * Times for words of an engine that gives none: they are laid along the chunk's speech (20 ms frames louder than its
 * pauses), each for a time in proportion to its number of letters, in order. An estimate: within a few tenths of a
 * second of the truth for short chunks, and to be marked as `wordTimes: 'estimated'`. Confidence is null.
 */
export function spreadWords(texts: readonly string[], { samples, start }: ChunkAudio): Word[] {
  const frames = speechFrames(samples);
  const letters = texts.map((text) => text.length + 1);
  const total = letters.reduce((sum, count) => sum + count, 0);
  const end = start + samples.length / SAMPLE_RATE;
  let before = 0;
  return texts.map((text, i) => {
    const from = Math.min(frames.length - 1, Math.floor((before / total) * frames.length));
    before += letters[i] as number;
    const to = Math.max(from + 1, Math.ceil((before / total) * frames.length));
    const run = longestRun(frames.slice(from, to));
    return {
      text,
      start: Math.min(end, seconds(start, run.first)),
      end: Math.min(end, seconds(start, run.last + 1)),
      confidence: null,
      speaker: null,
    };
  });
}

/** Of frames that a pause divides, the side with more of them: a word is not said around a pause. */
function longestRun(frames: readonly number[]): { first: number; last: number } {
  let longest = { first: frames[0] as number, last: frames[0] as number };
  let run = longest;
  for (const frame of frames.slice(1)) {
    run = frame === run.last + 1 ? { first: run.first, last: frame } : { first: frame, last: frame };
    if (run.last - run.first > longest.last - longest.first) longest = run;
  }
  return longest;
}

function segmented(run: string): string[] {
  return Array.from(
    new Intl.Segmenter('und', { granularity: 'word' }).segment(run),
    ({ segment }) => segment,
  );
}

const seconds = (start: number, frame: number): number =>
  Math.round((start + (frame * LEVEL_FRAME) / SAMPLE_RATE) * 1000) / 1000;

/** dBFS of every 20 ms, the last frame perhaps shorter; at least one. */
export function frameLevels(samples: Float32Array): number[] {
  const count = Math.max(1, Math.ceil(samples.length / LEVEL_FRAME));
  return Array.from({ length: count }, (_, i) =>
    level(samples.subarray(i * LEVEL_FRAME, (i + 1) * LEVEL_FRAME)),
  );
}

/** Indexes of the 20 ms frames that are not pause, ascending; never empty. */
function speechFrames(samples: Float32Array): number[] {
  const levels = frameLevels(samples);
  const loud = levels.toSorted((a, b) => a - b)[Math.floor((levels.length - 1) * 0.95)] as number;
  const frames: number[] = [];
  for (let i = 0; i < levels.length; i++) {
    const around = levels.slice(Math.max(0, i - MARGIN_FRAMES), i + MARGIN_FRAMES + 1);
    if (Math.max(...around) >= loud - PAUSE_DEPTH_DB) frames.push(i);
  }
  return frames;
}

function level(frame: Float32Array): number {
  let energy = 0;
  for (const sample of frame) energy += sample * sample;
  return 10 * Math.log10(energy / Math.max(1, frame.length) + 1e-12);
}
