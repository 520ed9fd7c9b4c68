import { z } from 'zod';
import type { Transcript } from '../transcript/schema.ts';
import type { AudioRequest } from './openai.ts';

/** Makes an output format from a transcript; the writers do that. */
export type Render = (
  format: 'srt' | 'vtt' | 'verbose_json' | 'diarized_json',
  transcript: Transcript,
) => string;

/** A body and its content type. */
export interface Answer {
  readonly contentType: string;
  readonly body: string;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

const verbose = z.looseObject({
  text: z.string(),
  segments: z.array(z.unknown()),
  words: z.array(z.unknown()),
  usage: z.unknown(),
});
const diarized = z.looseObject({
  text: z.string(),
  segments: z.array(z.record(z.string(), z.unknown())),
  usage: z.unknown(),
});

/** The answer of OpenAI's audio endpoints: the content type decides how their clients read it. */
export function audioAnswer(
  { format, granularities }: AudioRequest,
  task: 'transcribe' | 'translate',
  transcript: Transcript,
  render: Render,
): Answer {
  if (format === 'srt') return { contentType: 'text/plain; charset=utf-8', body: render('srt', transcript) };
  if (format === 'vtt') return { contentType: 'text/vtt; charset=utf-8', body: render('vtt', transcript) };
  if (format === 'diarized_json')
    return { contentType: JSON_TYPE, body: render('diarized_json', transcript) };
  const { segments, words, ...rest } = verbose.parse(JSON.parse(render('verbose_json', transcript)));
  if (format === 'text') return { contentType: 'text/plain; charset=utf-8', body: `${rest.text}\n` };
  const body =
    format === 'json'
      ? { text: rest.text, usage: rest.usage }
      : {
          ...rest,
          task,
          ...(granularities.segment ? { segments } : {}),
          ...(granularities.word ? { words } : {}),
        };
  return { contentType: JSON_TYPE, body: JSON.stringify(body) };
}

/** A piece of text of a streamed answer, as the JSON text of its `data:` line. */
export const deltaEvent = (delta: string): string => JSON.stringify({ type: 'transcript.text.delta', delta });

/**
 * The events that end a streamed answer, each the JSON text of one `data:` line. `told` is the text that was sent while
 * it was heard. All deltas together are the text of the last event.
 */
export function audioEvents(
  { format }: AudioRequest,
  transcript: Transcript,
  told: string,
  render: Render,
): string[] {
  const whole = diarized.parse(JSON.parse(render('diarized_json', transcript)));
  const done = (text: string): string =>
    JSON.stringify({ type: 'transcript.text.done', text, usage: whole.usage });
  if (format === 'diarized_json')
    return [
      ...whole.segments.map((segment) => JSON.stringify({ ...segment, type: 'transcript.text.segment' })),
      done(whole.text),
    ];
  if (whole.text.startsWith(told)) {
    const pieces = whole.text.slice(told.length).match(PIECE) ?? [];
    return [...pieces.map(deltaEvent), done(whole.text)];
  }
  return [done(told.replace(SPACES, '') === whole.text.replace(SPACES, '') ? told : whole.text)];
}

/** A sentence or so, with the space before it. */
const PIECE = /\s*[^\s][^.?!。？！]*(?:[.?!。？！]+|$)/gu;
const SPACES = /\s+/g;
