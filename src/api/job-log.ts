import { z } from 'zod';
import { publicErrorSchema } from './job-answer.ts';

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
export type JobLog = z.infer<typeof jobLogSchema>;
