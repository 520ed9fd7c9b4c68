import { z } from 'zod';
import type { Word } from '../../../transcript/schema.ts';
import type { Recognition } from '../recognition.ts';
import { languageCode } from './language.ts';
import { withPunctuation } from './punctuation.ts';

const seconds = z.number().min(-1).max(1e6);
const probability = z.number().min(0).max(1).nullish().catch(null);

/** Words as servers send them: OpenAI says `word`, others `text`; faster-whisper adds `probability`. */
const wireWord = z
  .object({
    word: z.string().optional(),
    text: z.string().optional(),
    start: seconds,
    end: seconds,
    probability,
    confidence: probability,
  })
  .refine((word) => word.word !== undefined || word.text !== undefined, 'a word needs "word" or "text"');

const wireSegment = z.object({
  text: z.string(),
  start: seconds,
  end: seconds,
  words: z.array(wireWord).nullish(),
});

/** What is read of `verbose_json` and of what lesser servers answer; everything else is left alone. */
const wireAnswer = z
  .object({
    text: z.string().nullish(),
    language: z.string().nullish(),
    words: z.array(wireWord).nullish(),
    segments: z.array(wireSegment).nullish(),
    error: z.null().optional(),
  })
  .refine(
    ({ text, words, segments }) =>
      [text, words, segments].some((part) => part !== undefined && part !== null),
    'neither text nor words nor segments',
  );

type WireWord = z.infer<typeof wireWord>;

/** A piece of audio on the recording's axis, in seconds. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Words from a worker's JSON. Its times are seconds from the start of the chunk; the result's are the recording's, in
 * order and clipped to the chunk. A server that gives no word times has its segments' text (or else its whole text)
 * spread over the segment (the chunk) by the length of the words. Confidence only where the server gives a probability.
 * Throws a ZodError for any other shape, also for a body that is an `error`.
 */
export function parseAnswer(json: unknown, chunk: Span, requested: string): Recognition {
  const answer = wireAnswer.parse(json);
  const segments = answer.segments ?? [];
  const text = answer.text ?? segments.map((segment) => segment.text).join(' ');
  const timed = answer.words?.length ? answer.words : segments.flatMap((segment) => segment.words ?? []);
  const words = timed.length > 0 ? withPunctuation(timed.map(plain), text) : spreadAll(segments, text, chunk);
  return {
    words: words
      .filter((word) => word.text !== '')
      .map((word) => place(word, chunk))
      .sort((a, b) => a.start - b.start),
    language: { code: languageCode(answer.language ?? requested), confidence: null },
  };
}

const plain = (word: WireWord): Word => ({
  text: (word.word ?? word.text ?? '').trim(),
  start: word.start,
  end: word.end,
  confidence: word.probability ?? word.confidence ?? null,
  speaker: null,
});

function spreadAll(
  segments: readonly (Span & { readonly text: string })[],
  text: string,
  chunk: Span,
): Word[] {
  if (segments.length > 0) return segments.flatMap((segment) => spread(segment.text, segment));
  return spread(text, { start: 0, end: chunk.end - chunk.start });
}

/** Each word gets time by its number of characters, and one for the space. */
function spread(text: string, { start, end }: Span): Word[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const total = words.reduce((sum, word) => sum + word.length + 1, 0);
  const perCharacter = Math.max(0, end - start) / Math.max(1, total);
  let at = start;
  return words.map((word) => {
    const from = at;
    at += (word.length + 1) * perCharacter;
    return { text: word, start: from, end: at, confidence: null, speaker: null };
  });
}

function place(word: Word, chunk: Span): Word {
  const clip = (time: number): number => Math.min(chunk.end, Math.max(chunk.start, chunk.start + time));
  const start = round(clip(word.start));
  return { ...word, start, end: Math.max(start, round(clip(word.end))) };
}

const round = (time: number): number => Math.round(time * 1000) / 1000;
