import type { Queryable } from './database.ts';

/**
 * How far a stage may run ahead of those that follow it. Without a bound every recording would be prepared at once: a
 * queue that no one can read, with its decoded audio on the disk for hours.
 */
export interface Ahead {
  /** The stages that follow. */
  readonly of: readonly string[];
  /** Jobs of one group that may wait for them before another of the group is begun. */
  readonly jobs: number;
}

/**
 * Jobs of one owner and priority are one group: what an owner has in work must not keep another's jobs, or more urgent
 * ones of his own, from being begun. A ticket of a job's first stage carries it.
 */
export const groupOf = ({ owner, priority }: { readonly owner: string; readonly priority: number }): string =>
  `${priority} ${owner}`;

/** Groups that have enough in work for now; null when none that waits may be begun. */
export async function heldGroups(db: Queryable, { of, jobs }: Ahead): Promise<string[] | null> {
  const groups = await db.query<{ owner: string; priority: number; waiting: number }>(GROUPS, [of]);
  const held = groups.filter(({ waiting }) => waiting >= jobs);
  return held.length > 0 && held.length === groups.length ? null : held.map(groupOf);
}

/**
 * The groups of queued jobs, each found by one step along an index, and how many jobs in work, as urgent or more, wait
 * for a stage that was not tried yet: one that is put off after a failure keeps nobody busy.
 */
const GROUPS = `
WITH RECURSIVE head AS (
  (SELECT owner, priority FROM earshot.job WHERE status = 'queued' ORDER BY owner, priority LIMIT 1)
  UNION ALL
  SELECT next.owner, next.priority FROM head, LATERAL (
    SELECT owner, priority FROM earshot.job
    WHERE status = 'queued' AND (owner, priority) > (head.owner, head.priority)
    ORDER BY owner, priority LIMIT 1
  ) AS next
), waiting AS MATERIALIZED (
  SELECT owner, priority FROM earshot.job
  WHERE status = 'processing' AND EXISTS (
    SELECT 1 FROM earshot.stage
    WHERE stage.job_id = job.id AND stage.name = ANY($1::text[]) AND stage.state = 'queued' AND stage.tries = 0)
)
SELECT owner, priority, (
  SELECT count(*)::int FROM waiting WHERE waiting.owner = head.owner AND waiting.priority >= head.priority
) AS waiting
FROM head`;
