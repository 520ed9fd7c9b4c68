import type { Database } from './database.ts';
import { passTime } from './fairness.ts';
import { JOB_COLUMNS, STAGE_COLUMNS, type Job, type Stage } from './job.ts';
import { toJsonb } from './storable.ts';
import type { Lease, Tickets } from './tickets.ts';

/** A stage that is the holder's to run. */
export interface Run {
  readonly lease: Lease;
  readonly stage: Stage;
  readonly job: Job;
}

/**
 * Turns fetched leases into running stages; the first of a job makes it `processing`. Leases whose stage has been
 * cancelled or has gone meanwhile are settled and left out. A stage that was running before has lost its worker.
 */
export async function begin(db: Database, tickets: Tickets, leases: readonly Lease[]): Promise<Run[]> {
  return db.transaction(async (tx) => {
    const wanted = toJsonb(leases.map(({ id, of }) => ({ ticket: id, of })));
    await tx.query(LOCK_JOBS, [wanted]);
    const stages = await tx.query<Stage & { ticket: string }>(BEGIN_STAGES, [wanted]);
    const jobIds = [...new Set(stages.map(({ jobId }) => jobId))];
    await tx.query(BEGIN_JOBS, [jobIds]);
    for (const [queue, begun] of Map.groupBy(stages, ({ name }) => name))
      await passTime(
        tx,
        queue,
        begun.map(({ rank }) => rank),
      );
    const jobs = new Map((await tx.query<Job>(READ_JOBS, [jobIds])).map((job) => [job.id, job]));
    const held = new Map(leases.map((lease) => [lease.id, lease]));
    const runs = stages.map(({ ticket, ...stage }) => ({
      lease: held.get(ticket) as Lease,
      stage,
      job: jobs.get(stage.jobId) as Job,
    }));
    const begun = new Set(runs.map(({ lease }) => lease.id));
    await tickets.settle(
      tx,
      leases.filter(({ id }) => !begun.has(id)),
    );
    return runs;
  });
}

/** Rows are always locked in this order: jobs by id, then stages, then tickets. Otherwise two workers could wait for each other. */
const LOCK_JOBS = `
SELECT 1 FROM earshot.job WHERE id IN (
  SELECT stage.job_id FROM earshot.stage
  JOIN jsonb_to_recordset($1::jsonb) AS wanted (of uuid) ON wanted.of = stage.id
) ORDER BY id FOR UPDATE`;

const BEGIN_STAGES = `
UPDATE earshot.stage
SET state = 'running', started_at = now(), error = NULL,
  lost = stage.lost + CASE WHEN stage.state = 'running' THEN 1 ELSE 0 END
FROM jsonb_to_recordset($1::jsonb) AS wanted (of uuid, ticket uuid)
WHERE stage.id = wanted.of AND stage.ticket = wanted.ticket AND stage.state IN ('queued', 'running')
RETURNING stage.ticket, ${STAGE_COLUMNS}`;

const BEGIN_JOBS = `
WITH begun AS (
  UPDATE earshot.job SET status = 'processing', started_at = COALESCE(started_at, now())
  WHERE id = ANY($1::uuid[]) AND status = 'queued' RETURNING id
)
INSERT INTO earshot.event (job_id, type, data) SELECT id, 'status', '{"status": "processing"}' FROM begun`;

const READ_JOBS = `SELECT ${JOB_COLUMNS} FROM earshot.job WHERE id = ANY($1::uuid[])`;
