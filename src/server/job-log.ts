import { z } from 'zod';
import { publicError, publicErrorSchema } from '../api/job-answer.ts';
import { deliveriesOf, type DeliveryState } from '../jobs/deliveries.ts';
import type { JobFailure, Stage } from '../jobs/job.ts';
import { hasScope } from './auth/caller.ts';
import { jobOf, type Route } from './context.ts';

const time = z.iso.datetime().nullable();
const stageSchema = z.object({
  name: z.string(),
  index: z.int().describe('Of the chunk, for stages that there are several of.'),
  state: z.enum(['waiting', 'queued', 'running', 'done', 'failed', 'cancelled']),
  tries: z.int().describe('Runs that came to an end.'),
  lost: z.int().describe('Runs whose worker fell silent.'),
  started_at: time,
  finished_at: time,
  seconds: z.number().nullable().describe('Of the last run.'),
  error: publicErrorSchema.nullable(),
});
const deliverySchema = z.object({
  id: z.uuid(),
  state: z.enum(['pending', 'delivered', 'gave_up']),
  tries: z.int(),
  status: z.int().nullable().describe('Of the last answer; null when there was none.'),
  reason: z.string().nullable(),
  created_at: z.iso.datetime(),
  ended_at: time,
});

/** GET /jobs/{id}/log as it is on the wire. */
export const jobLogSchema = z.object({
  job_id: z.uuid(),
  stages: z.array(stageSchema).describe('In the order in which they began; those that have not come last.'),
  webhook_deliveries: z.array(deliverySchema),
});

/** What happened to a job, stage by stage. */
export const JOB_LOG_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/:id/log',
    summary: 'What happened to a job: its stages, tries, errors and webhooks',
    tag: 'Jobs',
    scope: 'read',
    responses: { 200: { description: 'Its story so far.', content: { 'application/json': jobLogSchema } } },
    errors: [404],
    async answer(call, context) {
      const job = await jobOf(call, context);
      const [stages, deliveries] = await Promise.all([
        context.jobs.stages(job.id),
        deliveriesOf(context.jobs, job.id),
      ]);
      // Messages of the server's own failures hold paths: they are for those who run it.
      const told = hasScope(call.caller, 'admin') ? (error: JobFailure) => error : publicError;
      return {
        job_id: job.id,
        stages: stages.toSorted(byStart).map((stage) => stageOf(stage, told)),
        webhook_deliveries: deliveries.map(deliveryOf),
      } satisfies z.infer<typeof jobLogSchema>;
    },
  },
];

function stageOf(stage: Stage, told: (error: JobFailure) => JobFailure): z.infer<typeof stageSchema> {
  const { name, index, state, tries, lost, startedAt, finishedAt, error } = stage;
  const both = startedAt !== null && finishedAt !== null && finishedAt >= startedAt;
  return {
    ...{ name, index, state, tries, lost },
    started_at: startedAt?.toISOString() ?? null,
    finished_at: finishedAt?.toISOString() ?? null,
    seconds: both ? (finishedAt.getTime() - startedAt.getTime()) / 1000 : null,
    error: error === null ? null : told(error),
  };
}

function deliveryOf(delivery: DeliveryState): z.infer<typeof deliverySchema> {
  const { createdAt, endedAt, ...rest } = delivery;
  return { ...rest, created_at: createdAt.toISOString(), ended_at: endedAt?.toISOString() ?? null };
}

const byStart = (a: Stage, b: Stage): number =>
  (a.startedAt?.getTime() ?? Number.MAX_SAFE_INTEGER) - (b.startedAt?.getTime() ?? Number.MAX_SAFE_INTEGER) ||
  a.index - b.index;
