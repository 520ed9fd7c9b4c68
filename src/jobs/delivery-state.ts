import type { Queryable } from './database.ts';

/** A webhook of a job as far as it has got. */
export interface DeliveryState {
  /** Of its message: a redelivery has that of the delivery which it repeats. */
  readonly id: string;
  readonly state: 'pending' | 'delivered' | 'gave_up';
  /** Tries that have ended; `status` and `reason` are of the last one, null before it. */
  readonly tries: number;
  readonly status: number | null;
  readonly reason: string | null;
  readonly createdAt: Date;
  /** null while it is pending. */
  readonly endedAt: Date | null;
}

/** A job's webhooks, oldest first, at most 100. */
export async function deliveriesOf(db: Queryable, jobId: string): Promise<DeliveryState[]> {
  return db.query<DeliveryState>(DELIVERIES, [jobId]);
}

const DELIVERIES = `
SELECT COALESCE(message, id) AS id, state, tries, status, reason, created_at AS "createdAt", ended_at AS "endedAt"
FROM earshot.delivery WHERE job_id = $1 ORDER BY created_at, delivery.id LIMIT 100`;
