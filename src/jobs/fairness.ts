import type { Queryable } from './database.ts';

/**
 * Start-time fair queueing (Goyal, Vin, Cheng 1996), in each queue for itself: a ticket gets a virtual start time, the
 * later of its queue's virtual now and the end of its owner's last ticket there, and the earliest is served first. An
 * owner with a thousand tickets does not keep another with one waiting, and nobody waits for ever.
 */

/** Tickets of one priority; above it the virtual time would run into the next priority. */
const SPAN = 100_000_000;
/** Priorities go from -PRIORITY_MOST to PRIORITY_MOST: ranks are 32-bit numbers. */
export const PRIORITY_MOST = 10;

/**
 * Books `count` places in a queue for each owner. Returns for each the ranks, first one first; a higher rank is served
 * earlier.
 */
export async function bookPlaces(
  tx: Queryable,
  queue: string,
  owners: readonly { readonly owner: string; readonly count: number; readonly priority: number }[],
): Promise<number[][]> {
  const totals = new Map<string, number>();
  for (const { owner, count } of owners) totals.set(owner, (totals.get(owner) ?? 0) + count);
  const rows = await tx.query<{ owner: string; last: number }>(BOOK, [
    queue,
    JSON.stringify(
      [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([owner, count]) => ({ owner, count })),
    ),
  ]);
  const next = new Map(rows.map(({ owner, last }) => [owner, last - (totals.get(owner) as number)]));
  return owners.map(({ owner, count, priority }) => {
    const from = next.get(owner) as number;
    next.set(owner, from + count);
    return Array.from({ length: count }, (_, i) => rankOf(from + i + 1, priority));
  });
}

/** Moves the virtual now of a queue on to the latest of the tickets that are begun. */
export async function passTime(tx: Queryable, queue: string, ranks: readonly number[]): Promise<void> {
  if (ranks.length > 0) await tx.query(PASS, [queue, Math.max(...ranks.map(placeOf))]);
}

const rankOf = (place: number, priority: number): number => priority * SPAN - (place % SPAN);
const placeOf = (rank: number): number => ((-rank % SPAN) + SPAN) % SPAN;

const BOOK = `
WITH time AS (
  SELECT COALESCE((SELECT now FROM earshot.virtual_time WHERE queue = $1), 0) AS now
)
INSERT INTO earshot.turn_of_owner AS held (queue, owner, last)
SELECT $1, wanted.owner, time.now + wanted.count
FROM jsonb_to_recordset($2::jsonb) AS wanted (owner text, count int), time
ON CONFLICT (queue, owner) DO UPDATE
SET last = GREATEST(held.last, (SELECT now FROM time)) + (EXCLUDED.last - (SELECT now FROM time))
RETURNING owner, last::float8 AS last`;

const PASS = `
INSERT INTO earshot.virtual_time AS held (queue, now) VALUES ($1, $2)
ON CONFLICT (queue) DO UPDATE SET now = EXCLUDED.now WHERE held.now < EXCLUDED.now`;
