import { EarshotError } from '../errors.ts';
import type { Database } from './database.ts';
import { endJobs, orderWebhooks, WEBHOOK_QUEUE } from './ending.ts';
import { JOB_COLUMNS, type Job } from './job.ts';
import { checkQueuedJobs, lockOwners, usageOf, type Quota } from './quota.ts';
import { releaseLast } from './settle.ts';
import { ENDED } from './states.ts';
import type { Tickets } from './tickets.ts';

/** Cancels what has not ended; a job that has stays as it is. null: there is none. `stopped`: it ended by this call. */
export async function cancel(
  db: Database,
  tickets: Tickets,
  id: string,
): Promise<{ job: Job; stopped: boolean } | null> {
  return db.transaction(async (tx) => {
    const [before] = await tx.query<Job>(LOCK_JOB, [id]);
    if (!before) return null;
    const ended = await endJobs(tx, tickets, [{ id, status: 'cancelled', result: null, error: null }]);
    const [job] = await tx.query<Job>(LOCK_JOB, [id]);
    return { job: job as Job, stopped: ended.length > 0 };
  });
}

/**
 * Begins a job again with the options it was submitted with; stages that are done are kept (I8). Only what has failed,
 * was cancelled, or was completed without some of its stages can be retried: otherwise `job_state`; and no more than the
 * quota allows: `quota_exceeded`. Returns the queues that got tickets; null: there is no such job.
 */
export async function retry(
  db: Database,
  tickets: Tickets,
  id: string,
  { maxQueuedJobs }: Quota,
): Promise<{ job: Job; queues: string[] } | null> {
  return db.transaction(async (tx) => {
    const [found] = await tx.query<{ owner: string }>(OWNER, [id]);
    if (!found) return null;
    const quota = { maxQueuedJobs, maxStoredBytes: null };
    await lockOwners(tx, [{ owner: found.owner, quota }]); // first, as whoever hands in does
    const [job] = await tx.query<Job>(LOCK_JOB, [id]);
    if (!job) return null;
    const again = await tx.query<{ id: string; name: string; rank: number; ticket: string }>(RESET_STAGES, [
      id,
    ]);
    if (!ENDED.includes(job.status) || again.length === 0)
      throw new EarshotError(
        'job_state',
        job.status === 'completed'
          ? 'the job was completed, there is nothing to retry'
          : `a job can be retried when it has failed or was cancelled, this one is ${job.status}`,
      );
    checkQueuedJobs(quota, (await usageOf(tx, job.owner, quota)).queued);
    await tx.query(RESET_LAST, [id]);
    await tx.query(RESET_JOB, [id]);
    for (const stage of again)
      await tickets.add(tx, stage.name, [{ id: stage.ticket, of: stage.id, rank: stage.rank }]);
    const queues = [...new Set(again.map(({ name }) => name)), ...(await releaseLast(tx, tickets, [id]))];
    const [after] = await tx.query<Job>(LOCK_JOB, [id]);
    return { job: after as Job, queues };
  });
}

/** Deletes a job that has ended, with its stages and events. False: there is none, or it has not ended. */
export async function remove(db: Database, id: string): Promise<boolean> {
  return (await db.query(DELETE_JOB, [id])).length > 0;
}

/** Orders the webhook of a job that has ended once more. False: it has none, or has not ended. */
export async function redeliver(db: Database, tickets: Tickets, id: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [job] = await tx.query<Job>(LOCK_JOB, [id]);
    if (!job || job.webhook === null || !ENDED.includes(job.status)) return false;
    await orderWebhooks(tx, tickets, [job]);
    return true;
  });
}

/**
 * Gives every stage and webhook that is under way, or was about to be, back to its queue, as if its worker had been seen to
 * die. For a database that only this process can open: nobody else can be at work.
 */
export async function reclaimAll(db: Database, tickets: Tickets): Promise<void> {
  await db.transaction(async (tx) => {
    type Reclaimed = { id: string; name: string; rank: number; old: string; ticket: string };
    const stages = await tx.query<Reclaimed>(RECLAIM_STAGES);
    const deliveries = await tx.query<Reclaimed>(RECLAIM_DELIVERIES, [WEBHOOK_QUEUE]);
    for (const [queue, group] of Map.groupBy([...stages, ...deliveries], ({ name }) => name)) {
      await tickets.withdraw(
        tx,
        queue,
        group.map(({ old }) => old),
      );
      await tickets.add(
        tx,
        queue,
        group.map(({ id, ticket, rank }) => ({ id: ticket, of: id, rank })),
      );
    }
  });
}

const LOCK_JOB = `SELECT ${JOB_COLUMNS} FROM earshot.job WHERE id = $1 FOR UPDATE`;

const OWNER = `SELECT owner FROM earshot.job WHERE id = $1`;

const RESET_STAGES = `
UPDATE earshot.stage
SET state = 'queued', ticket = gen_random_uuid(), tries = 0, lost = 0, error = NULL, finished_at = NULL
WHERE job_id = $1 AND NOT is_last AND state IN ('failed', 'cancelled')
  OR job_id = $1 AND is_last AND state IN ('failed', 'cancelled') AND NOT EXISTS (
    SELECT 1 FROM earshot.stage AS other
    WHERE other.job_id = $1 AND NOT other.is_last AND other.state IN ('failed', 'cancelled'))
RETURNING id, name, rank, ticket`;

/** The last stage waits for the others again. */
const RESET_LAST = `
UPDATE earshot.stage SET state = 'waiting', ticket = NULL, tries = 0, lost = 0, error = NULL, result = NULL,
  finished_at = NULL
WHERE job_id = $1 AND is_last AND state <> 'queued'`;

const RESET_JOB = `
WITH reset AS (
  UPDATE earshot.job
  SET status = 'queued', error = NULL, result = NULL, finished_at = NULL, expires_at = NULL, fetched_at = NULL,
    started_at = NULL, runs = runs + 1
  WHERE id = $1 RETURNING id
)
INSERT INTO earshot.event (job_id, type, data) SELECT id, 'status', '{"status": "queued"}' FROM reset`;

const DELETE_JOB = `DELETE FROM earshot.job WHERE id = $1 AND status IN ('completed', 'failed', 'cancelled') RETURNING id`;

const RECLAIM_STAGES = `
WITH held AS (
  SELECT stage.id, stage.ticket, stage.state FROM earshot.stage
  WHERE state = 'running' OR state = 'queued' AND EXISTS (
    SELECT 1 FROM earshot_queue.job AS fetched
    WHERE fetched.name = stage.name AND fetched.id = stage.ticket AND fetched.state = 'active'
  ) FOR UPDATE
)
UPDATE earshot.stage
SET state = 'queued', ticket = gen_random_uuid(), lost = lost + CASE WHEN held.state = 'running' THEN 1 ELSE 0 END
FROM held WHERE stage.id = held.id
RETURNING stage.id, stage.name, stage.rank, held.ticket AS old, stage.ticket`;

const RECLAIM_DELIVERIES = `
WITH held AS (
  SELECT delivery.id, delivery.ticket FROM earshot.delivery
  WHERE state = 'pending' AND EXISTS (
    SELECT 1 FROM earshot_queue.job AS fetched
    WHERE fetched.name = $1 AND fetched.id = delivery.ticket AND fetched.state = 'active'
  ) FOR UPDATE
)
UPDATE earshot.delivery SET ticket = gen_random_uuid() FROM held WHERE delivery.id = held.id
RETURNING delivery.id, $1 AS name, 0 AS rank, held.ticket AS old, delivery.ticket`;
