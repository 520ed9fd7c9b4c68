import { publicError } from '../api/job-answer.ts';
import { jobLogSchema, type JobLog } from '../api/job-log.ts';
import { deliveriesOf, type DeliveryState } from '../jobs/delivery-state.ts';
import type { JobFailure, Stage } from '../jobs/job.ts';
import { hasScope } from './auth/caller.ts';
import { jobOf, type Route } from './context.ts';

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
        deliveriesOf(context.jobs.db, job.id),
      ]);
      // Messages of the server's own failures hold paths: they are for those who run it.
      const told = hasScope(call.caller, 'admin') ? (error: JobFailure) => error : publicError;
      return {
        job_id: job.id,
        stages: stages.toSorted(byStart).map((stage) => stageOf(stage, told)),
        webhook_deliveries: deliveries.map(deliveryOf),
      } satisfies JobLog;
    },
  },
];

function stageOf(stage: Stage, told: (error: JobFailure) => JobFailure): JobLog['stages'][number] {
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

function deliveryOf(delivery: DeliveryState): JobLog['webhook_deliveries'][number] {
  const { createdAt, endedAt, ...rest } = delivery;
  return { ...rest, created_at: createdAt.toISOString(), ended_at: endedAt?.toISOString() ?? null };
}

const byStart = (a: Stage, b: Stage): number =>
  (a.startedAt?.getTime() ?? Number.MAX_SAFE_INTEGER) - (b.startedAt?.getTime() ?? Number.MAX_SAFE_INTEGER) ||
  a.index - b.index;
