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

/** So many times as many may wait whose stages were put off after a failure: they keep nobody busy, but fill the disk. */
const PUT_OFF = 4;

/**
 * Jobs of one owner and priority are one group: what an owner has in work must not keep another's jobs, or more urgent
 * ones of his own, from being begun. The ticket of a new job carries it. One that was begun before has none where it is
 * new, and is not held back.
 */
export const groupOf = ({ owner, priority }: { readonly owner: string; readonly priority: number }): string =>
  `${priority} ${owner}`;

/**
 * Groups of the kinds that begin in `queue` which have enough in work for now. null: nothing there may be begun, and it
 * is not worth a look.
 */
export async function heldGroups(
  db: Queryable,
  queue: string,
  kinds: readonly string[],
  { of, jobs }: Ahead,
): Promise<string[] | null> {
  const groups: Group[] = [];
  for (const kind of kinds) groups.push(...(await db.query<Group>(GROUPS, [kind, of])));
  const held = groups.filter(({ fresh, waiting }) => fresh >= jobs || waiting >= PUT_OFF * jobs);
  if (held.length === groups.length && held.length > 0) {
    const [begun] = await db.query(BEGUN, [queue]);
    if (begun === undefined) return null;
  }
  return held.map(groupOf);
}

interface Group {
  readonly owner: string;
  readonly priority: number;
  /** Jobs in work, as urgent or more, that wait for a stage that follows, and those of them with one not tried yet. */
  readonly waiting: number;
  readonly fresh: number;
}

/** The groups of queued jobs are each found by one step along an index. */
const GROUPS = `
WITH RECURSIVE head AS (
  (SELECT owner, priority FROM earshot.job WHERE status = 'queued' AND kind = $1 ORDER BY owner, priority LIMIT 1)
  UNION ALL
  SELECT next.owner, next.priority FROM head, LATERAL (
    SELECT owner, priority FROM earshot.job
    WHERE status = 'queued' AND kind = $1 AND (owner, priority) > (head.owner, head.priority)
    ORDER BY owner, priority LIMIT 1
  ) AS next
), busy AS MATERIALIZED (
  SELECT owner, priority, (
    SELECT bool_or(stage.tries = 0) FROM earshot.stage
    WHERE stage.job_id = job.id AND stage.name = ANY($2::text[]) AND stage.state = 'queued'
  ) AS is_fresh
  FROM earshot.job WHERE status = 'processing'
)
SELECT head.owner, head.priority, count(busy.is_fresh)::int AS waiting,
  (count(*) FILTER (WHERE busy.is_fresh))::int AS fresh
FROM head LEFT JOIN busy ON busy.owner = head.owner AND busy.priority >= head.priority
GROUP BY head.owner, head.priority`;

/** A stage of the queue that was begun before, or whose worker may be lost. */
const BEGUN = `
SELECT 1 FROM earshot.job JOIN earshot.stage ON stage.job_id = job.id
WHERE job.status = 'processing' AND stage.name = $1 AND stage.state IN ('queued', 'running') LIMIT 1`;
