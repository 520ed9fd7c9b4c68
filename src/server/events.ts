import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { FieldError } from '../api/errors.ts';
import {
  progressAnswer,
  progressSchema,
  publicError,
  publicErrorSchema,
  type Pace,
} from '../api/job-answer.ts';
import { EarshotError, toEarshotError } from '../errors.ts';
import type { Job, JobFailure, JobProgress } from '../jobs/job.ts';
import type { JobEvent } from '../jobs/read.ts';
import { ENDED, type JobStatus } from '../jobs/states.ts';
import { jobOf, type Call, type Route, type ServerContext } from './context.ts';
import { paceOf } from './pace.ts';

/** News from other processes comes by asking only. */
const ASK_MS = 1_000;
/** Proxies give up on a connection that is silent for longer; a deleted job is noticed as often. */
const KEEP_ALIVE_MS = 15_000;
/** What a browser waits before it comes back. */
const RETRY_MS = 2_000;
/** Streams that one caller may have open at once: each asks the database every second. */
export const MOST_STREAMS = 100;

/** The data of the events of GET /jobs/{id}/events, by type. */
export const jobEventSchemas = {
  status: z.object({
    status: z.enum(['queued', 'processing', 'completed', 'failed', 'cancelled']),
    error: publicErrorSchema.optional(),
  }),
  progress: progressSchema,
};

/** The events of a job as they happen; `open` streams are counted by caller. */
export function eventRoutes(): Route[] {
  const open = new Map<string, number>();
  return [
    {
      method: 'GET',
      path: '/jobs/:id/events',
      summary: 'What happens to a job, as server-sent events until it has ended',
      tag: 'Jobs',
      scope: 'read',
      query: z.strictObject({
        after: z
          .string()
          .regex(/^\d{1,15}$/)
          .optional()
          .describe('Id of the last event that was seen, for clients that cannot send Last-Event-ID.'),
      }),
      headers: { 'Last-Event-ID': { description: 'Id of the last event that was seen; wins over after.' } },
      responses: {
        200: {
          description:
            'Events of the types `status` and `progress`, whose ids count up; the last one is the status that the job ended with.',
          content: { 'text/event-stream': null },
        },
        204: { description: 'The job has ended and all its events were seen: do not come back.' },
      },
      errors: [404],
      answer: (call, context) => answerEvents(call, context, open),
    },
  ];
}

async function answerEvents(call: Call, context: ServerContext, open: Map<string, number>): Promise<unknown> {
  const { reply, caller } = call;
  const after = lastSeen(call);
  const job = await jobOf(call, context);
  const first = await context.jobs.events(job.id, after);
  if (first.length === 0 && ENDED.includes(job.status)) return reply.code(204).send();
  if (call.request.method === 'HEAD') return asStream(reply).send(Readable.from([]));
  const count = open.get(caller.id) ?? 0;
  if (count >= MOST_STREAMS)
    throw new EarshotError('overloaded', `the key has ${count} streams of events open, which is the most`);
  open.set(caller.id, count + 1);
  const gone = new AbortController();
  reply.raw.once('close', () => {
    gone.abort();
    const left = (open.get(caller.id) ?? 1) - 1;
    if (left > 0) open.set(caller.id, left);
    else open.delete(caller.id);
  });
  if (reply.raw.destroyed) return reply; // its close has been told already
  const signal = AbortSignal.any([gone.signal, context.stopping]);
  // Read as fast as the client takes it: what it does not take stays in the database.
  const lines = eventLines({ job, after, first }, signal, context);
  return asStream(reply).send(Readable.from(lines, { objectMode: false, highWaterMark: 16_384 }));
}

function asStream(reply: FastifyReply): FastifyReply {
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
  return reply.header('connection', 'close'); // a server that stops does not wait for it to be used again
}

function lastSeen({ request, query }: Call): number {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return Number(query['after'] ?? 0);
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new FieldError(
    'Last-Event-ID',
    'Last-Event-ID: expected the id of an event that this server has sent',
  );
}

/** Ends after the event that tells the job's end, when the job is deleted, or when `signal` aborts. */
async function* eventLines(
  begin: { readonly job: Job; readonly after: number; readonly first: readonly JobEvent[] },
  signal: AbortSignal,
  { jobs, clock, onError, activity }: Pick<ServerContext, 'jobs' | 'clock' | 'onError' | 'activity'>,
): AsyncGenerator<string> {
  let { job, after, first: events } = begin;
  let spokeAt = clock.now();
  yield `retry: ${RETRY_MS}\n\n`;
  while (!signal.aborted) {
    const news = Promise.withResolvers<void>();
    const off = jobs.onJob(job.id, () => news.resolve());
    try {
      if (events.length === 0) events = await jobs.events(job.id, after);
      // When it began, which the guess of its end needs, is known once it has.
      if (events.some(({ type }) => type === 'status')) job = (await jobs.get(job.id)) ?? job;
      const last = events.at(-1);
      if (last !== undefined) {
        const of = job;
        const pace = await paceOf(job, { jobs, activity });
        yield events.map((event) => lineOf(of, pace, event)).join('');
        after = last.seq;
        spokeAt = clock.now();
        events = isEnd(last) ? await jobs.events(job.id, after) : [];
        if (isEnd(last) && events.length === 0) return; // otherwise it was retried
        continue;
      }
      if (clock.now() - spokeAt >= KEEP_ALIVE_MS) {
        const now = await jobs.get(job.id);
        if (now === null) return;
        job = now;
        spokeAt = clock.now();
        yield ': waiting\n\n';
      }
      await Promise.race([news.promise, clock.sleep(ASK_MS, signal)]);
    } catch (error) {
      // The client comes back with the last id it has seen, and finds out what is the matter.
      if (!signal.aborted) onError(toEarshotError(error));
      return;
    } finally {
      off();
    }
  }
}

const isEnd = ({ type, data }: JobEvent): boolean =>
  type === 'status' && ENDED.includes(data['status'] as JobStatus);

function lineOf(job: Job, pace: Pace | null, { seq, type, data, at }: JobEvent): string {
  const told =
    type === 'progress' ? progressAnswer(job, data as unknown as JobProgress, pace, at) : statusOf(data);
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(told)}\n\n`;
}

function statusOf(data: JobEvent['data']): z.infer<typeof jobEventSchemas.status> {
  const error = data['error'] as unknown as JobFailure | undefined;
  return { status: data['status'] as JobStatus, ...(error ? { error: publicError(error) } : {}) };
}
