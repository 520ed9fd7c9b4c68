import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { audioEvents, deltaEvent } from '../api/answer.ts';
import type { AudioRequest } from '../api/openai.ts';
import type { Job } from '../jobs/job.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { ServerContext } from './context.ts';
import { FILL_MS, lateFailure } from './synchronous.ts';
import { textAsHeard } from './text-as-heard.ts';
import { isDoneWithin } from './waiting.ts';

/** So long the status waits for the first event: what fails at once is an answer with the right status, as without `stream`. */
const FIRST_MS = 10_000;
const COMMENT = ': transcribing\n\n';

/**
 * Server-sent events as OpenAI's clients read them: `data:` lines only, comments to keep the connection alive, an error
 * as a data line with `error`. Without speakers the text comes as its chunks are recognised.
 */
export async function streamAnswer(
  reply: FastifyReply,
  asked: AudioRequest,
  job: Job,
  work: Promise<Transcript>,
  context: ServerContext,
): Promise<unknown> {
  work.catch(() => undefined); // told with the events
  const events = eventsOf(asked, job, work, context);
  const first = events.next();
  if (await isDoneWithin(first, FIRST_MS, context.clock)) await first;
  reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-cache');
  reply.header('x-accel-buffering', 'no'); // nginx would keep the events until it has a page full
  return reply.send(Readable.from(lines(events, first, context)));
}

async function* lines(
  events: AsyncIterator<string, void>,
  first: Promise<IteratorResult<string, void>>,
  context: ServerContext,
): AsyncGenerator<string> {
  yield COMMENT;
  try {
    for (let next = first; ; next = events.next()) {
      while (!(await isDoneWithin(next, FILL_MS, context.clock))) yield COMMENT;
      const { done, value } = await next;
      if (done === true) return;
      yield `data: ${value}\n\n`;
    }
  } catch (error) {
    yield `data: ${lateFailure(context)(error)}\n\n`;
  }
}

async function* eventsOf(
  asked: AudioRequest,
  job: Job,
  work: Promise<Transcript>,
  context: ServerContext,
): AsyncGenerator<string, void> {
  let told = '';
  if (asked.format !== 'diarized_json')
    for await (const text of textAsHeard(job.id, work, context)) {
      told += text;
      yield deltaEvent(text);
    }
  yield* audioEvents(asked, await work, told, context.render);
}
