import { folderOf } from '../api/job-files.ts';
import type { ServerContext } from './context.ts';

/**
 * Deletes a job with its files, stopping it first. Its files go only when it has: one that somebody begins again in
 * between needs them.
 */
export async function discard(
  id: string,
  { jobs, storage }: Pick<ServerContext, 'jobs' | 'storage'>,
): Promise<void> {
  while ((await jobs.cancel(id)) !== null && !(await jobs.remove(id)));
  await storage.removeAll(folderOf(id));
}
