import { z } from 'zod';
import { jobAnswer, jobAnswerSchema, publicError, type JobAnswer } from '../api/job-answer.ts';
import { jobRequestSchema } from '../api/job-request.ts';
import { EarshotError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import { ENDED } from '../jobs/states.ts';
import { parseTranscript } from '../transcript/read.ts';
import { transcriptSchema, type Transcript } from '../transcript/schema.ts';
import { formatNames, WRITERS } from '../writers/index.ts';
import { jobOf, type Call, type Route, type ServerContext } from './context.ts';
import { paceOf } from './pace.ts';
import { discard } from './discard.ts';
import { submitTranscription } from './submit-transcription.ts';

const listQuery = z.strictObject({
  status: z.enum(['queued', 'processing', 'completed', 'failed', 'cancelled']).optional(),
  kind: z
    .string()
    .regex(/^[a-z][a-z_-]{0,49}$/, 'expected the name of a kind, such as transcribe')
    .optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50).describe('Jobs on a page.'),
  after: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('`next` of the page before.'),
});
const ID = { id: z.string().describe('Id of a job.') };
const LOCATION = { location: 'Path of the job.' };
export const resultQuery = z.strictObject({
  format: z
    .string()
    .transform((text) => formatNames.find((name) => name.toLowerCase() === text.toLowerCase()) ?? text)
    .pipe(z.enum(formatNames, `expected one of ${formatNames.join(', ')}`))
    .default('json')
    .describe('Any output format; upper and lower case are the same.'),
});
/** Formats that are JSON have shapes of their own, each of another system. */
export const resultContent = Object.fromEntries(
  WRITERS.map(({ mediaType }) => mediaType.split(';')[0] as string).map((type) => [
    type,
    type === 'application/json'
      ? z.union([transcriptSchema.meta({ id: 'Transcript' }), z.looseObject({}), z.array(z.unknown())])
      : null,
  ]),
);
const jobPage = z.object({ jobs: z.array(jobAnswerSchema), next: z.string().nullable() });
const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': schema },
});

/** Jobs: hand in, look, wait, cancel, retry. */
export const JOB_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/jobs',
    summary: 'Hand in a recording to be transcribed',
    tag: 'Jobs',
    scope: 'submit',
    headers: { 'Idempotency-Key': { description: 'The same key for the same request gives the same job.' } },
    body: {
      'multipart/form-data': { schema: jobRequestSchema, files: ['file'] },
      'application/json': { schema: jobRequestSchema },
    },
    responses: {
      201: {
        ...json(jobAnswerSchema, 'Accepted; it is not lost from here on.'),
        headers: {
          ...LOCATION,
          'idempotent-replayed': 'true: an earlier request was the same, this is its job.',
        },
      },
    },
    errors: [404, 422, 507],
    async answer(call, context) {
      const { job, isNew } = await submitTranscription(call, context);
      if (!isNew) call.reply.header('idempotent-replayed', 'true');
      call.reply.code(201).header('location', `/jobs/${job.id}`);
      return told(job, context);
    },
  },
  {
    method: 'GET',
    path: '/jobs',
    summary: 'List jobs, newest first',
    tag: 'Jobs',
    scope: 'read',
    query: listQuery,
    responses: { 200: json(jobPage, 'A page.') },
    async answer({ query, caller }, context) {
      const { status, kind, limit, after } = listQuery.parse(query);
      const owner = caller.scopes.has('admin') ? null : caller.owner;
      const page = await context.jobs.list({
        ...{ owner, limit },
        ...{ status: status ?? null, kind: kind ?? null, after: after ?? null },
      });
      return { jobs: await Promise.all(page.jobs.map((job) => told(job, context))), next: page.next };
    },
  },
  {
    method: 'GET',
    path: '/jobs/:id',
    summary: 'How a job is getting on',
    tag: 'Jobs',
    scope: 'read',
    params: ID,
    responses: { 200: json(jobAnswerSchema, 'The job.') },
    errors: [404],
    answer: async (call, context) => told(await jobOf(call, context), context),
  },
  {
    method: 'GET',
    path: '/jobs/:id/result',
    summary: 'The transcript, in any format',
    tag: 'Jobs',
    scope: 'read',
    params: ID,
    query: resultQuery,
    responses: {
      200: { description: 'The transcript; for json an earshot.transcript/1.', content: resultContent },
      202: json(jobAnswerSchema, 'The job has not ended.'),
    },
    errors: [404, 409],
    async answer(call, context) {
      const job = await jobOf(call, context);
      if (!ENDED.includes(job.status)) {
        call.reply.code(202);
        return told(job, context);
      }
      const { format } = resultQuery.parse(call.query);
      const body = context.render(format, await transcriptOf(job, context));
      await markFetched(job, call, context);
      call.reply.header('content-security-policy', SANDBOX);
      return call.reply.header('content-type', withCharset(context.mediaType(format))).send(body);
    },
  },
  {
    method: 'DELETE',
    path: '/jobs/:id',
    summary: 'Cancel a job that has not ended; delete one that has, with all its files',
    tag: 'Jobs',
    scope: 'submit',
    params: ID,
    responses: { 200: json(jobAnswerSchema, 'Cancelled.'), 204: { description: 'Deleted.' } },
    errors: [404],
    async answer(call, context) {
      const job = await jobOf(call, context);
      const cancelled = await context.jobs.cancel(job.id);
      if (cancelled?.stopped) return told(cancelled.job, context);
      await discard(job.id, context);
      return call.reply.code(204).send();
    },
  },
  {
    method: 'POST',
    path: '/jobs/:id/cancel',
    summary: 'Stop a job that has not ended; one that has stays as it is',
    tag: 'Jobs',
    scope: 'submit',
    params: ID,
    responses: { 200: json(jobAnswerSchema, 'The job, which has ended.') },
    errors: [404],
    async answer(call, context) {
      const { id } = await jobOf(call, context);
      const cancelled = await context.jobs.cancel(id);
      if (cancelled === null) throw new EarshotError('not_found', 'there is no such job');
      return told(cancelled.job, context);
    },
  },
  {
    method: 'POST',
    path: '/jobs/:id/retry',
    summary: 'Run a job again that failed, was cancelled or lacks parts; what is done is kept',
    tag: 'Jobs',
    scope: 'submit',
    params: ID,
    responses: { 200: json(jobAnswerSchema, 'Queued again.') },
    errors: [404, 409],
    async answer(call, context) {
      const { id } = await jobOf(call, context);
      const job = await context.jobs.retry(id, call.caller.quota);
      if (job === null) throw new EarshotError('not_found', 'there is no such job');
      return told(job, context);
    },
  },
];

/** A job's present state on the wire. */
export async function told(job: Job, context: ServerContext): Promise<JobAnswer> {
  const [position, pace] = await Promise.all([context.jobs.position(job), paceOf(job, context)]);
  return jobAnswer(job, position, pace, new Date(context.clock.now()));
}

/** The transcript of a job that has ended. Rejects with `job_state` (409) when it has none. */
export async function transcriptOf(job: Job, { storage }: ServerContext): Promise<Transcript> {
  const key = job.result?.['transcript'];
  if (job.status !== 'completed' || typeof key !== 'string') {
    const why = job.error === null ? '' : `: ${publicError(job.error).message}`;
    throw new EarshotError('job_state', `the job has no result, it is ${job.status}${why}`);
  }
  const parts: Buffer[] = [];
  for await (const part of await storage.get(key)) parts.push(part as Buffer);
  return parseTranscript(Buffer.concat(parts).toString('utf8'), 'the transcript');
}

/** Notes that the client has been given the job's result; to HEAD it is not given. */
export async function markFetched({ id }: Job, { request }: Call, { jobs }: ServerContext): Promise<void> {
  if (request.method !== 'HEAD') await jobs.markFetched(id);
}

/** What stands in a recording's name or words must not do anything in a browser. */
export const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'";

export const withCharset = (type: string): string =>
  /charset=/.test(type) ? type : `${type}; charset=utf-8`;
