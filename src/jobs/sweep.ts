import type { Database } from './database.ts';
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
 * and releases last stages that nothing holds back any more. It finds nothing unless somebody else wrote to the database.
 */
export async function mend(db: Database, tickets: Tickets): Promise<number> {
  return db.transaction(async (tx) => {
    const bare = await tx.query<{ id: string; name: string; rank: number; ticket: string }>(RENEW_STAGES);
    for (const { id, name, rank, ticket } of bare)
      await tickets.add(tx, name, [{ id: ticket, of: id, rank }]);
    const stuck = (await tx.query<{ id: string }>(STUCK)).map(({ id }) => id);
    await releaseLast(tx, tickets, stuck);
    return bare.length + stuck.length;
  });
}

const REMOVE_EXPIRED = `
DELETE FROM earshot.job WHERE id IN (
  SELECT id FROM earshot.job WHERE expires_at < now() ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED
) RETURNING id`;

const EXISTING = `SELECT id FROM earshot.job WHERE id = ANY($1::uuid[])`;

const RENEW_STAGES = `
UPDATE earshot.stage SET state = 'queued', ticket = gen_random_uuid()
WHERE state IN ('queued', 'running') AND NOT EXISTS (
  SELECT 1 FROM earshot_queue.job AS held
  WHERE held.name = stage.name AND held.id = stage.ticket AND held.state < 'completed'
)
RETURNING id, name, rank, ticket`;

const STUCK = `
SELECT job.id FROM earshot.job
WHERE status IN ('queued', 'processing') AND NOT EXISTS (
  SELECT 1 FROM earshot.stage WHERE stage.job_id = job.id AND stage.state IN ('queued', 'running')
) FOR UPDATE`;
