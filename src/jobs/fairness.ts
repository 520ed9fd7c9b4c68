import type { Queryable } from './database.ts';

/**
 * Start-time fair queueing (Goyal, Vin, Cheng 1996): every ticket gets a virtual start time, the later of the queue's
 * virtual now and the end of its owner's last ticket, and the earliest is served first. An owner with a thousand tickets
 * does not keep another with one waiting, and nobody waits for ever.
 */

/** Tickets of one priority; above it the virtual time would run into the next priority. */
const SPAN = 100_000_000;
/** Priorities go from -PRIORITY_MOST to PRIORITY_MOST: ranks are 32-bit numbers. */
export const PRIORITY_MOST = 10;

/** Books `count` places for each owner. Returns for each the ranks, first one first; a higher rank is served earlier. */
export async function bookPlaces(
  tx: Queryable,
  owners: readonly { readonly owner: string; readonly count: number; readonly priority: number }[],
): Promise<number[][]> {
  const totals = new Map<string, number>();
  for (const { owner, count } of owners) totals.set(owner, (totals.get(owner) ?? 0) + count);
  const rows = await tx.query<{ owner: string; last: number }>(BOOK, [
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

/** Moves the virtual now on to the latest of the tickets that are begun. */
export async function passTime(tx: Queryable, ranks: readonly number[]): Promise<void> {
  if (ranks.length > 0) await tx.query(PASS, [Math.max(...ranks.map(placeOf))]);
}

const rankOf = (place: number, priority: number): number => priority * SPAN - (place % SPAN);
const placeOf = (rank: number): number => ((-rank % SPAN) + SPAN) % SPAN;

const BOOK = `
INSERT INTO earshot.turn_of_owner AS held (owner, last)
SELECT wanted.owner, (SELECT now FROM earshot.virtual_time) + wanted.count
FROM jsonb_to_recordset($1::jsonb) AS wanted (owner text, count int)
ON CONFLICT (owner) DO UPDATE
SET last = GREATEST(held.last, (SELECT now FROM earshot.virtual_time)) + (EXCLUDED.last - (SELECT now FROM earshot.virtual_time))
RETURNING owner, last::float8 AS last`;

const PASS = `UPDATE earshot.virtual_time SET now = $1 WHERE now < $1`;
