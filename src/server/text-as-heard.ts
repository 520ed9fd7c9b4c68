import { z } from 'zod';
import { recognitionSchema } from '../pipeline/chunk-result.ts';
import { attributeWords, type HeardWord } from '../speech/attribution/attribution.ts';
import { buildSegments } from '../speech/attribution/segments.ts';
import { textOf } from '../writers/paragraphs.ts';
import { joinTexts } from '../writers/text.ts';
import type { ServerContext } from './context.ts';

/** News may come from another process: then nobody tells us. */
const ASK_MS = 1_000;
const OVER = ['done', 'failed', 'cancelled'];

const prepared = z.object({ plan: z.object({ tracks: z.array(z.unknown()) }) });
const recognized = z.object({ recognition: recognitionSchema });

/**
 * What a job's chunks say, in their order, each as soon as it and all before it are recognised: pieces of the very text
 * that the transcript will have. Ends when `work` does, whatever became of it, and perhaps before its last chunk was
 * seen. A recording with several tracks gives nothing, as later chunks go between the words of earlier ones.
 */
export async function* textAsHeard(
  jobId: string,
  work: Promise<unknown>,
  { jobs, clock }: Pick<ServerContext, 'jobs' | 'clock'>,
): AsyncGenerator<string> {
  const over = new AbortController();
  const end = work.then(
    () => over.abort(),
    () => over.abort(),
  );
  const text = new GrowingText();
  let next = 0;
  while (!over.signal.aborted) {
    const news = Promise.withResolvers<void>();
    const off = jobs.onJob(jobId, () => news.resolve());
    try {
      const results = await jobs.results(jobId, 'recognize', next);
      if (next === 0 && results.length > 0 && !(await hasOneTrack(jobId, jobs))) return;
      for (const { index, state, result } of results) {
        if (index !== next || !OVER.includes(state)) break;
        next++;
        const heard = recognized.safeParse(result).data?.recognition.words ?? []; // a chunk that failed has none
        const piece = text.add(heard.map((word) => ({ ...word, channel: null })));
        if (piece !== '') yield piece;
      }
      await Promise.race([news.promise, end, clock.sleep(ASK_MS, over.signal).catch(() => undefined)]);
    } finally {
      off();
    }
  }
}

async function hasOneTrack(jobId: string, jobs: ServerContext['jobs']): Promise<boolean> {
  const [stage] = await jobs.results(jobId, 'prepare');
  return prepared.safeParse(stage?.result).data?.plan.tracks.length === 1;
}

/** The text of words that come bit by bit. Only its last segment can still change its spaces; it is kept as words. */
export class GrowingText {
  #open: HeardWord[] = [];

  /** What these words add to the text. */
  add(words: readonly HeardWord[]): string {
    if (words.length === 0) return '';
    const before = textFrom(this.#open);
    const segments = segmentsOf([...this.#open, ...words]);
    const after = joinTexts(segments.map(textOf));
    this.#open = (segments.at(-1)?.words ?? []).map((word) => ({ ...word, channel: null }));
    return after.startsWith(before)
      ? after.slice(before.length)
      : joinTexts([before, textFrom(words)]).slice(before.length);
  }
}

const segmentsOf = (words: readonly HeardWord[]) => buildSegments(attributeWords(words, []), []);
const textFrom = (words: readonly HeardWord[]): string => joinTexts(segmentsOf(words).map(textOf));
