import type { Segment, Transcript, Word } from '../transcript/schema.ts';
import { sha256 } from '../util/hash.ts';
import { jsonText } from './json.ts';
import { inOrder, textOf } from './paragraphs.ts';
import { joinTexts, oneLine } from './text.ts';
import type { Writer } from './writer.ts';

/**
 * The answer of Deepgram's pre-recorded API (diarize, punctuate, utterances on). Speakers are numbers from 0; where
 * nobody is named the key is left out. A confidence is null where it is not known, and that of a whole text is the mean
 * of its words'. Source: `ListenV1Response` in Deepgram's API reference.
 */
export const deepgram: Writer = {
  format: 'deepgram',
  extension: '.deepgram.json',
  mediaType: 'application/json',
  render(transcript) {
    const { source, receipt, segments } = transcript;
    const numberOf = speakerNumbers(transcript);
    const channels = segments.reduce((most, segment) => Math.max(most, (segment.channel ?? 0) + 1), 1);
    return jsonText({
      metadata: {
        // What the API itself sends today in place of the key.
        transaction_key: 'deprecated',
        request_id: receipt.run_id,
        sha256: source.sha256,
        created: receipt.created_at,
        duration: source.duration,
        channels,
        ...modelOf(transcript),
      },
      results: {
        channels: Array.from({ length: channels }, (_, channel) => channelOf(transcript, channel, numberOf)),
        utterances: inOrder(segments).map((segment) => utterance(transcript, segment, numberOf)),
      },
    });
  },
};

type Numbers = (speaker: string | null) => { speaker?: number };

function speakerNumbers({ speakers, segments }: Transcript): Numbers {
  const ids = [...new Set([...speakers.map(({ id }) => id), ...segments.map(({ speaker }) => speaker)])];
  const numbers = new Map(ids.filter((id) => id !== null).map((id, i) => [id, i]));
  return (speaker) => {
    const number = speaker === null ? undefined : numbers.get(speaker);
    return number === undefined ? {} : { speaker: number };
  };
}

function modelOf({ stages }: Transcript): { models?: string[] } {
  const model = stages['recognize']?.model ?? null;
  return model === null ? {} : { models: [model] };
}

function channelOf({ segments, language }: Transcript, channel: number, numberOf: Numbers) {
  const own = inOrder(segments).filter((segment) => (segment.channel ?? 0) === channel);
  const words = own.flatMap((segment) => segment.words);
  return {
    alternatives: [
      {
        transcript: joinTexts(own.map(textOf)),
        confidence: meanConfidence(words),
        words: words.map((word) => wordOf(word, numberOf)),
      },
    ],
    ...(language.code === null ? {} : { detected_language: language.code }),
    ...(language.confidence === null ? {} : { language_confidence: language.confidence }),
  };
}

function utterance({ id }: Transcript, segment: Segment, numberOf: Numbers) {
  return {
    start: segment.start,
    end: segment.end,
    confidence: meanConfidence(segment.words),
    channel: segment.channel ?? 0,
    transcript: textOf(segment),
    words: segment.words.map((word) => wordOf(word, numberOf)),
    ...numberOf(segment.speaker),
    id: uuid(`${id} ${segment.id}`),
  };
}

function wordOf(word: Word, numberOf: Numbers) {
  const text = oneLine(word.text);
  const bare = text.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]+$/gu, '');
  return {
    word: bare || text,
    start: word.start,
    end: word.end,
    confidence: word.confidence,
    ...numberOf(word.speaker),
    punctuated_word: text,
  };
}

function meanConfidence(words: readonly Word[]): number | null {
  if (words.length === 0 || words.some((word) => word.confidence === null)) return null;
  const sum = words.reduce((total, word) => total + (word.confidence ?? 0), 0);
  return Math.round((sum / words.length) * 1e6) / 1e6;
}

/** A UUID of version 8 (RFC 9562: made by a rule of one's own), the same for the same name. */
function uuid(name: string): string {
  const hex = sha256(name);
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
