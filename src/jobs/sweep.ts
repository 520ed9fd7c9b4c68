import type { Database } from './database.ts';
import { WEBHOOK_QUEUE } from './ending.ts';
import { releaseLast } from './settle.ts';
import type { Tickets } from './tickets.ts';

/** Jobs whose time is over are deleted with their rows; the ids, so that their files can go, too. At most 500 a call. */
export async function removeExpired(db: Database): Promise<string[]> {
  return (await db.query<{ id: string }>(REMOVE_EXPIRED)).map(({ id }) => id);
}

/** Which of these ids are of jobs. */
export async function existing(db: Database, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await db.query<{ id: string }>(EXISTING, [ids])).map(({ id }) => id));
}

/**
 * Gives a new ticket to every queued stage and pending delivery whose ticket is gone (an operator emptied a queue, say),
 * and releases last stages that nothing holds back any more; returns how many. It finds nothing unless somebody else
 * wrote to the database.
 */
export async function mend(db: Database, tickets: Tickets): Promise<number> {
  const suspects = (await db.query<{ id: string }>(SUSPECTS)).map(({ id }) => id);
  if (suspects.length === 0) return 0;
  return db.transaction(async (tx) => {
    await tx.query(LOCK_JOBS, [suspects]); // what was in the middle of a change is whole from here on
    const bare = await tx.query<Renewed>(RENEW_STAGES, [suspects]);
    const undelivered = await tx.query<Renewed>(RENEW_DELIVERIES, [suspects]);
    for (const { id, name, rank, ticket } of [...bare, ...undelivered])
      await tickets.add(tx, name, [{ id: ticket, of: id, rank }]);
    return bare.length + undelivered.length + (await releaseLast(tx, tickets, suspects)).length;
  });
}

interface Renewed {
  readonly id: string;
  readonly name: string;
  readonly rank: number;
  readonly ticket: string;
}

const REMOVE_EXPIRED = `
DELETE FROM earshot.job WHERE id IN (
  SELECT id FROM earshot.job WHERE expires_at < now() ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED
) RETURNING id`;

const EXISTING = `SELECT id FROM earshot.job WHERE id = ANY($1::uuid[])`;

const IS_BARE = (row: string, queue: string): string => `NOT EXISTS (
  SELECT 1 FROM earshot_queue.job AS held
  WHERE held.name = ${queue} AND held.id = ${row}.ticket AND held.state < 'completed'
)`;

/** Jobs of which something is queued without a ticket, or which nothing will ever carry on. */
const SUSPECTS = `
SELECT job_id AS id FROM earshot.stage WHERE state IN ('queued', 'running') AND ${IS_BARE('stage', 'stage.name')}
UNION
SELECT job_id FROM earshot.delivery WHERE state = 'pending' AND ${IS_BARE('delivery', `'${WEBHOOK_QUEUE}'`)}
UNION
SELECT job.id FROM earshot.job
WHERE status IN ('queued', 'processing') AND NOT EXISTS (
  SELECT 1 FROM earshot.stage WHERE stage.job_id = job.id AND stage.state IN ('queued', 'running')
)`;

const LOCK_JOBS = `SELECT 1 FROM earshot.job WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`;

const RENEW_STAGES = `
UPDATE earshot.stage SET state = 'queued', ticket = gen_random_uuid()
WHERE job_id = ANY($1::uuid[]) AND state IN ('queued', 'running') AND ${IS_BARE('stage', 'stage.name')}
RETURNING id, name, rank, ticket`;

const RENEW_DELIVERIES = `
UPDATE earshot.delivery SET ticket = gen_random_uuid()
WHERE job_id = ANY($1::uuid[]) AND state = 'pending' AND ${IS_BARE('delivery', `'${WEBHOOK_QUEUE}'`)}
RETURNING id, '${WEBHOOK_QUEUE}' AS name, 0 AS rank, ticket`;
