import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../errors.ts';
import type { Job, JobProgress } from '../jobs/job.ts';

/** How far a job is, as HTTP tells it. */
export const progressSchema = z.object({
  stage: z.string(),
  done: z.number(),
  total: z.number(),
  percent: z.number(),
  eta_seconds: z.number().nullable().describe('Guessed from the pace so far; null when there is none yet.'),
});
export const publicErrorSchema = z.object({ code: z.string(), message: z.string() });

/** A job as HTTP tells it. */
export const jobAnswerSchema = z
  .object({
    job_id: z.uuid(),
    kind: z.string(),
    status: z.enum(['queued', 'processing', 'completed', 'failed', 'cancelled']),
    name: z.string().describe('What the client calls the recording.'),
    position: z
      .int()
      .nullable()
      .optional()
      .describe('Jobs before this one while it is queued; null beyond 1000, and in lists.'),
    progress: progressSchema.optional(),
    error: publicErrorSchema.optional(),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
    expires_at: z.iso
      .datetime()
      .nullable()
      .describe('When job and result are deleted; counted from the end.'),
    attempts: z.int().describe('1, and one more for each retry.'),
    cost: z.null().describe('Not known yet.'),
  })
  .meta({ id: 'Job' });
export type JobAnswer = z.infer<typeof jobAnswerSchema>;

/** How much of a job was done at a time from which on its pace is counted. */
export interface Pace {
  readonly at: Date;
  readonly percent: number;
}

/** The wire shape of a job. `position` is of a queued one. */
export function jobAnswer(job: Job, position: number | null, pace: Pace | null, now: Date): JobAnswer {
  const { progress, error } = job;
  return {
    job_id: job.id,
    kind: job.kind,
    status: job.status,
    name: String(job.input['name'] ?? ''),
    ...(job.status === 'queued' ? { position } : {}),
    ...(progress ? { progress: progressAnswer(job, progress, pace, now) } : {}),
    ...(error ? { error: publicError(error) } : {}),
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
    expires_at: job.expiresAt?.toISOString() ?? null,
    attempts: job.runs,
    cost: null,
  };
}

/** The wire shape of what `progress` was of the job at the time `at`. */
export function progressAnswer(
  job: Job,
  progress: JobProgress,
  pace: Pace | null,
  at: Date,
): z.infer<typeof progressSchema> {
  const isRunning = job.status === 'processing';
  return { ...progress, eta_seconds: isRunning && pace !== null ? eta(progress, pace, at) : null };
}

/** What went wrong, for the client: messages of the server's own failures hold paths and stay in its log. */
export function publicError({ code, message }: { code: string; message: string }): {
  code: string;
  message: string;
} {
  const kind = ERRORS[code as ErrorCode] as (typeof ERRORS)[ErrorCode] | undefined;
  if (kind === undefined) return { code: 'internal', message: ERRORS.internal.meaning };
  return { code, message: kind.httpStatus >= 500 ? kind.meaning : message };
}

/** What is left takes as long as what is done: which says nothing before the first chunk, by far the longest part, is. */
function eta({ done, percent }: JobProgress, pace: Pace, now: Date): number | null {
  const gained = percent - pace.percent;
  if (gained < 5 || (done === 0 && percent < 50)) return null;
  const spent = (now.getTime() - pace.at.getTime()) / 1000;
  return Math.max(0, Math.round((spent * (100 - percent)) / gained));
}
