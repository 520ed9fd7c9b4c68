import { deflateSync } from 'node:zlib';
import type { Segment } from '../transcript/schema.ts';
import { jsonText } from './json.ts';
import { languageName } from './languages.ts';
import { fullText, inOrder, textOf } from './paragraphs.ts';
import { oneLine } from './text.ts';
import type { Writer } from './writer.ts';

/** OpenAI's `verbose_json` with both granularities. Source: `TranscriptionVerbose` of the OpenAI SDK. */
export const verboseJson: Writer = {
  format: 'verbose_json',
  extension: '.verbose.json',
  mediaType: 'application/json',
  render(transcript) {
    const { language, source } = transcript;
    const segments = inOrder(transcript.segments);
    return jsonText({
      task: 'transcribe',
      // The schema wants a name; `unknown` is the true one for a language that was not recognised.
      language: languageName(language.code)?.toLowerCase() ?? 'unknown',
      duration: source.duration,
      text: fullText(transcript),
      segments: segments.map(segmentOf),
      words: segments
        .flatMap((segment) => segment.words)
        .map(({ text, start, end }) => ({ word: oneLine(text), start, end })),
      usage: { type: 'duration', seconds: Math.ceil(source.duration) },
    });
  },
};

/**
 * `seek` is the segment's start in the 10 ms frames Whisper counts in; `temperature` 0 says that nothing was drawn by
 * chance. No engine tells its tokens (an empty list) or the probability of silence (null), and `avg_logprob` is null
 * unless every word has a confidence.
 */
function segmentOf(segment: Segment, id: number) {
  const text = textOf(segment);
  return {
    id,
    seek: Math.round(segment.start * 100),
    start: segment.start,
    end: segment.end,
    text,
    tokens: [],
    temperature: 0,
    avg_logprob: meanLogProbability(segment),
    compression_ratio: compressionRatio(text),
    no_speech_prob: null,
  };
}

function meanLogProbability({ words }: Segment): number | null {
  const logs = words.map((word) => Math.log(word.confidence ?? 0));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return Number.isFinite(mean) ? Math.round(mean * 10_000) / 10_000 : null;
}

/** As Whisper defines it: bytes of the text by bytes of its zlib stream. */
function compressionRatio(text: string): number {
  const bytes = Buffer.from(text);
  return Math.round((bytes.length / deflateSync(bytes).length) * 100) / 100;
}
