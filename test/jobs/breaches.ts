import type { Database } from '../../src/jobs/database.ts';

/** Every breach of the invariants of states.ts that a look at the rows can find. */
export async function breaches(db: Database): Promise<unknown[]> {
  const checks: Record<string, string> = {
    I3: `SELECT job.id, stage.name, stage.state FROM earshot.job JOIN earshot.stage ON stage.job_id = job.id
      WHERE job.finished_at IS NOT NULL AND stage.state IN ('waiting', 'queued', 'running')`,
    'I4 live': `SELECT id, name, state FROM earshot.stage WHERE state IN ('queued', 'running') AND (
      SELECT count(*) FROM earshot_queue.job AS held WHERE held.name = stage.name AND held.data ->> 'of' = stage.id::text
        AND held.state < 'completed') <> 1`,
    'I4 none': `SELECT id, name, state FROM earshot.stage WHERE state NOT IN ('queued', 'running') AND EXISTS (
      SELECT 1 FROM earshot_queue.job AS held WHERE held.name = stage.name AND held.data ->> 'of' = stage.id::text
        AND held.state < 'completed')`,
    I6: `SELECT id FROM earshot.stage WHERE is_last AND state = 'waiting' AND NOT EXISTS (
      SELECT 1 FROM earshot.stage AS other WHERE other.job_id = stage.job_id AND NOT other.is_last
        AND other.state IN ('queued', 'running'))`,
    I7: `SELECT id FROM earshot.job WHERE (finished_at IS NOT NULL) <> (status IN ('completed', 'failed', 'cancelled'))
      OR finished_at IS NOT NULL AND expires_at <> finished_at + keep_seconds * interval '1 second'`,
    I9: `SELECT id, status FROM earshot.job WHERE finished_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM earshot.stage WHERE stage.job_id = job.id AND stage.state IN ('queued', 'running'))`,
  };
  const found: unknown[] = [];
  for (const [name, sql] of Object.entries(checks))
    for (const row of await db.query(sql)) found.push([name, row]);
  return found;
}
