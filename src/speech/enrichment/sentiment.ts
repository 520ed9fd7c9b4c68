import { setImmediate as nextTick } from 'node:timers/promises';
import type { Segment, Sentiment } from '../../transcript/schema.ts';
import type { Task } from '../../util/task.ts';
import type { EnrichmentInput, Findings, Unavailable } from './enrichment.ts';

/** A score nearer to 0 than this is neutral; the weakest single word of the lexicon gives about 0.1. */
const NEUTRAL = 0.1;
/** Segments after which others get their turn on the event loop: a few milliseconds of work. */
const BATCH = 50;

/**
 * What the words of each segment express, -1 to 1, by the lexicon of wink-nlp, negation minded. It reads text, not
 * voice, and English only: other languages, and an unknown one, are unavailable. Null for segments without words.
 */
export async function sentimentsOf(
  { segments, language }: Pick<EnrichmentInput, 'segments' | 'language'>,
  task: Task,
): Promise<Findings<Sentiment> | Unavailable> {
  if (language === null)
    return { unavailable: 'the language is not known, and sentiment is for English only' };
  if (language !== 'en') return { unavailable: `sentiment is for English only, and this is "${language}"` };
  const score = await loadScorer();
  const values: (Sentiment | null)[] = [];
  for (const { text } of segments) {
    values.push(sentimentOf(text, score));
    if (values.length % BATCH > 0 && values.length < segments.length) continue;
    await nextTick();
    task.signal?.throwIfAborted();
    task.onProgress?.(values.length / segments.length);
  }
  return { values, engine: 'wink-nlp', model: 'wink-eng-lite-web-model' };
}

function sentimentOf(text: Segment['text'], score: (text: string) => number): Sentiment | null {
  if (!/\p{L}/u.test(text)) return null;
  const value = Math.round(Math.max(-1, Math.min(1, score(text))) * 1000) / 1000;
  return { label: value >= NEUTRAL ? 'positive' : value <= -NEUTRAL ? 'negative' : 'neutral', score: value };
}

/** Loaded when it is first needed: the model takes a fifth of a second and 50 MB. */
async function loadScorer(): Promise<(text: string) => number> {
  const [{ default: winkNLP }, { default: model }] = await Promise.all([
    import('wink-nlp'),
    import('wink-eng-lite-web-model'),
  ]);
  const nlp = winkNLP(model, ['sbd', 'negation', 'sentiment']);
  return (text) => Number(nlp.readDoc(text).out(nlp.its.sentiment));
}
