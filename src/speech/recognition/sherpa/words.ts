import { z } from 'zod';
import { SAMPLE_RATE } from '../../../audio/waveform.ts';
import type { Word } from '../../../transcript/schema.ts';
import type { ChunkAudio, Recognition } from '../recognition.ts';
import { isUnspaced, splitWords, spreadWords } from '../word-times.ts';

/** What sherpa-onnx answers for one utterance. Lists are empty where the model does not give them. */
export const sherpaResultSchema = z.object({
  text: z.string(),
  lang: z.string().default(''),
  tokens: z.array(z.string()).default([]),
  /** Seconds in the utterance at which each token begins. */
  timestamps: z.array(z.number()).default([]),
  durations: z.array(z.number()).default([]),
  ys_log_probs: z.array(z.number()).default([]),
});

export type SherpaResult = z.infer<typeof sherpaResultSchema>;

/** Without durations a word's last token is taken to last so long, unless the next word begins before. */
const LAST_TOKEN_SECONDS = 0.3;
const MIN_WORD_SECONDS = 0.02;
const MARKS_ONLY = /^[\p{P}\p{S}]+$/u;
/** SenseVoice's tags: "<|en|>", "<|nospeech|>". */
const TAG = /<\|([^|]*)\|>/g;

/**
 * Words, language and their honesty from one result. Tokens with times become words (a token that begins with a space or
 * "▁", or is of a script without spaces, begins one; punctuation belongs to the word before it). Confidence is the
 * product of the token posteriors where the model gives them. Whisper and Moonshine give no times: there the text is
 * spread over the chunk's speech and `wordTimes` says so.
 */
export function toRecognition(result: SherpaResult, audio: ChunkAudio, requested: string): Recognition {
  const tag = result.lang.replace(TAG, '$1');
  const code = /^[a-z]{2,3}$/.test(tag) ? tag : requested === 'auto' ? null : requested;
  const language = { code, confidence: null };
  const text = result.text.replace(TAG, '').trim();
  if (text === '' || tag === 'nospeech') return { words: [], language };
  if (result.timestamps.length === result.tokens.length && result.tokens.length > 0)
    return { words: timedWords(result, audio), language };
  return { words: spreadWords(splitWords(text), audio), language, wordTimes: 'estimated' };
}

interface Spoken {
  text: string;
  start: number;
  /** End of the last token that is not punctuation; null: unknown. */
  end: number | null;
  lastStart: number;
  logProbs: number[];
}

function timedWords(result: SherpaResult, audio: ChunkAudio): Word[] {
  const spoken: Spoken[] = [];
  let opening = '';
  result.tokens.forEach((token, i) => {
    const text = token.replaceAll('▁', ' ').replace(TAG, '');
    const letters = text.trim();
    if (letters === '') return;
    const start = result.timestamps[i] as number;
    const last = spoken.at(-1);
    if (MARKS_ONLY.test(letters)) {
      if (last) last.text += letters;
      else opening += letters;
      return;
    }
    const duration = result.durations[i];
    const end = duration === undefined ? null : start + duration;
    const logProb = result.ys_log_probs[i];
    const logProbs = logProb === undefined ? [] : [logProb];
    const begins = last === undefined || text.startsWith(' ') || isUnspaced(letters) || isUnspaced(last.text);
    if (begins) {
      spoken.push({ text: opening + letters, start, end, lastStart: start, logProbs });
      opening = '';
    } else {
      last.text += letters;
      last.end = end;
      last.lastStart = start;
      last.logProbs.push(...logProbs);
    }
  });
  const limit = audio.samples.length / SAMPLE_RATE;
  return spoken.map((word, i) => toWord(word, spoken[i + 1]?.start ?? limit, limit, audio.start));
}

function toWord(word: Spoken, next: number, limit: number, offset: number): Word {
  const start = Math.min(word.start, limit);
  const end = word.end ?? Math.min(next, word.lastStart + LAST_TOKEN_SECONDS);
  const posterior = Math.exp(word.logProbs.reduce((sum, value) => sum + value, 0));
  return {
    text: word.text,
    start: round(offset + start),
    end: round(offset + Math.min(limit, Math.max(end, start + MIN_WORD_SECONDS))),
    confidence: word.logProbs.length === 0 ? null : Math.min(1, round(posterior)),
    speaker: null,
  };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
