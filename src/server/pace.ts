import type { Pace } from '../api/job-answer.ts';
import type { Job } from '../jobs/job.ts';
import type { ServerContext } from './context.ts';

/**
 * From when and how much on a job's pace is counted: neither the time that no server was there, nor what was done before
 * a retry. null: nothing is known of it.
 */
export async function paceOf(
  job: Job,
  { jobs, activity }: Pick<ServerContext, 'jobs' | 'activity'>,
): Promise<Pace | null> {
  if (job.status !== 'processing' || job.startedAt === null) return null;
  const startedAt = job.startedAt.getTime();
  if (job.runs === 1 && startedAt >= activity.startedAt) return { at: job.startedAt, percent: 0 };
  return jobs.firstProgress(job.id, new Date(Math.max(startedAt, activity.startedAt)));
}
