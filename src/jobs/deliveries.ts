import { WEBHOOK_QUEUE } from './ending.ts';
import type { Jobs } from './jobs.ts';
import { ticketFor, type Lease } from './tickets.ts';

/** A webhook to be sent now. */
export interface Delivery {
  readonly id: string;
  /** The same for everything that says the same: `webhook-id`. */
  readonly message: string;
  readonly jobId: string;
  readonly url: string;
  readonly secret: string | null;
  readonly body: string;
  /** Tries that have ended. */
  readonly tries: number;
  readonly lease: Lease;
}

/** How a try ended; `again` after `delay` seconds. */
export interface DeliveryOutcome {
  readonly state: 'delivered' | 'gave_up' | 'again';
  readonly delay: number;
  readonly status: number | null;
  readonly reason: string;
}

/** Takes up to `count` deliveries whose time has come; each is leased to the caller. */
export async function fetchDeliveries(jobs: Jobs, count: number): Promise<Delivery[]> {
  const leases = await jobs.tickets.fetch(WEBHOOK_QUEUE, count);
  const found: Delivery[] = [];
  for (const lease of leases) {
    const [row] = await jobs.db.query<Omit<Delivery, 'lease'>>(READ_DELIVERY, [lease.of, lease.id]);
    if (row) found.push({ ...row, lease });
    else await jobs.db.transaction((tx) => jobs.tickets.settle(tx, [lease])); // its job was deleted
  }
  return found;
}

/** Writes how a try ended; nothing when the lease was lost meanwhile. */
export async function settleDelivery(
  jobs: Jobs,
  delivery: Delivery,
  outcome: DeliveryOutcome,
): Promise<void> {
  const isWritten = await jobs.db.transaction(async (tx) => {
    const live = await jobs.tickets.settle(tx, [delivery.lease]);
    if (!live.has(delivery.lease)) return false;
    const again = outcome.state === 'again' ? ticketFor(delivery.id, 0, outcome.delay) : null;
    const state = again === null ? outcome.state : 'pending';
    const rows = await tx.query(WRITE_DELIVERY, [
      delivery.id,
      state,
      again?.id ?? null,
      outcome.status,
      outcome.reason,
    ]);
    if (again !== null && rows.length > 0) await jobs.tickets.add(tx, WEBHOOK_QUEUE, [again]);
    return rows.length > 0;
  });
  if (isWritten) jobs.happened({ what: 'delivered', delivery, outcome });
}

/** Hands back what this process cut off itself: another one, or the next, sends it at once, and it was no try. */
export async function handBackDelivery(jobs: Jobs, { id, lease }: Delivery): Promise<void> {
  await jobs.db.transaction(async (tx) => {
    if (!(await jobs.tickets.settle(tx, [lease])).has(lease)) return;
    const ticket = ticketFor(id, 0);
    const rows = await tx.query(HAND_BACK, [id, ticket.id]);
    if (rows.length > 0) await jobs.tickets.add(tx, WEBHOOK_QUEUE, [ticket]);
  });
}

const READ_DELIVERY = `
SELECT delivery.id, COALESCE(delivery.message, delivery.id) AS message, delivery.job_id AS "jobId",
  job.webhook ->> 'url' AS url, job.webhook ->> 'secret' AS secret, delivery.body, delivery.tries
FROM earshot.delivery JOIN earshot.job ON job.id = delivery.job_id
WHERE delivery.id = $1 AND delivery.ticket = $2 AND delivery.state = 'pending'`;

const HAND_BACK = `UPDATE earshot.delivery SET ticket = $2 WHERE id = $1 RETURNING id`;

const WRITE_DELIVERY = `
UPDATE earshot.delivery
SET state = $2, ticket = $3, status = $4, reason = $5, tries = tries + 1,
  ended_at = CASE WHEN $2 = 'pending' THEN NULL ELSE now() END
WHERE id = $1 RETURNING id`;
