import { EarshotError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import { ENDED } from '../jobs/states.ts';
import type { ServerContext } from './context.ts';

/** News may come from another process: then nobody tells us. */
const ASK_MS = 1_000;

/** The job once it has ended. Rejects with the signal's reason, and with `not_found` when the job is deleted. */
export async function jobEnd(
  id: string,
  signal: AbortSignal,
  { jobs, clock }: Pick<ServerContext, 'jobs' | 'clock'>,
): Promise<Job> {
  for (;;) {
    const news = Promise.withResolvers<void>();
    const off = jobs.onJob(id, () => news.resolve());
    try {
      const job = await jobs.get(id);
      if (job === null) throw new EarshotError('not_found', 'there is no such job');
      if (ENDED.includes(job.status)) return job;
      await Promise.race([news.promise, clock.sleep(ASK_MS, signal)]);
      signal.throwIfAborted();
    } finally {
      off();
    }
  }
}
