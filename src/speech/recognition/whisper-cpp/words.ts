import { z } from 'zod';
import { SAMPLE_RATE } from '../../../audio/waveform.ts';
import type { Word } from '../../../transcript/schema.ts';
import type { ChunkAudio, Recognition } from '../recognition.ts';
import { isUnspaced, splitWords, spreadWords } from '../word-times.ts';

/**
 * What whisper.node answers. t0 and t1 are milliseconds in the utterance: its createTranscribeResult (src/common.cpp of
 * 1.1.3) multiplies whisper.cpp's own hundredths of a second by ten; its type declarations name no unit.
 */
export const whisperResultSchema = z.object({
  result: z.string(),
  language: z.string().default(''),
  segments: z.array(z.object({ text: z.string(), t0: z.number(), t1: z.number() })),
});

export type WhisperResult = z.infer<typeof whisperResultSchema>;

const MARKS_ONLY = /^[\p{P}\p{S}]+$/u;
/** Whisper's notes on what is no speech: "[BLANK_AUDIO]", "(music)", "♪". */
const ANNOTATION = /\[[^\]]*\]|^\s*[(（][^)）]*[)）]\s*$|[♪♫]+/g;
const BROKEN = '\uFFFD';

/**
 * Words of a Whisper result that was made with `tokenTimestamps` and `maxLen: 1`, so that every segment is one token.
 * Confidence is null: the binding gives no probabilities.
 */
export function toWhisperRecognition(
  result: WhisperResult,
  audio: ChunkAudio,
  requested: string,
): Recognition {
  const language = { code: result.language || (requested === 'auto' ? null : requested), confidence: null };
  if (result.result.replace(ANNOTATION, '').trim() === '') return { words: [], language };
  return { words: joinPieces(wholePieces(result), audio), language };
}

/** Words of a Parakeet result: the binding gives one segment for the whole utterance, so times are estimated. */
export function toParakeetRecognition(
  result: WhisperResult,
  audio: ChunkAudio,
  requested: string,
): Recognition {
  return {
    words: spreadWords(splitWords(result.result), audio),
    language: { code: requested === 'auto' ? null : requested, confidence: null },
    wordTimes: 'estimated',
  };
}

interface Piece {
  readonly text: string;
  readonly t0: number;
  readonly t1: number;
}

/**
 * A token may hold a part of a letter's bytes, which then reads as U+FFFD; the text of the whole result is intact. Runs
 * of such pieces become one, whose text is what stands in the whole between its neighbours.
 */
function wholePieces({ result, segments }: WhisperResult): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (let i = 0; i < segments.length; i++) {
    const first = segments[i] as Piece;
    if (!first.text.includes(BROKEN)) {
      pieces.push(first);
      at += first.text.length;
      continue;
    }
    let last = first;
    while (segments[i + 1]?.text.includes(BROKEN)) last = segments[++i] as Piece;
    const next = segments[i + 1]?.text;
    const end = next === undefined ? result.length : result.indexOf(next, at + 1);
    const text = end < 0 ? '' : result.slice(at, end);
    pieces.push({ text, t0: first.t0, t1: last.t1 });
    at += text.length;
  }
  return pieces;
}

function joinPieces(pieces: readonly Piece[], { samples, start }: ChunkAudio): Word[] {
  const limit = samples.length / SAMPLE_RATE;
  const words: { text: string; start: number; end: number }[] = [];
  let inNote = false;
  for (const { text, t0, t1 } of pieces) {
    const letters = text.trim();
    const wasInNote = inNote;
    if (letters.includes('[')) inNote = true;
    if (letters.includes(']')) inNote = false;
    if (letters === '' || inNote || wasInNote || /^[♪♫[\]]+$/.test(letters)) continue;
    const last = words.at(-1);
    const glues = last && !text.startsWith(' ') && !isUnspaced(letters) && !isUnspaced(last.text);
    if (last && (glues || MARKS_ONLY.test(letters))) {
      last.text += letters;
      if (!MARKS_ONLY.test(letters)) last.end = Math.max(last.end, Math.min(limit, t1 / 1000));
      continue;
    }
    const from = Math.min(limit, Math.max(t0 / 1000, last?.start ?? 0)); // token times may step back
    words.push({ text: letters, start: from, end: Math.min(limit, Math.max(from, t1 / 1000)) });
  }
  return words.map((word) => ({
    text: word.text,
    start: round(start + word.start),
    end: round(start + word.end),
    confidence: null,
    speaker: null,
  }));
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
