import { EarshotError } from '../errors.ts';
import type { Queryable } from './database.ts';

/** What an owner may have on the server at once; null is without a limit. */
export interface Quota {
  readonly maxQueuedJobs: number | null;
  readonly maxStoredBytes: number | null;
}

export const NO_QUOTA: Quota = { maxQueuedJobs: null, maxStoredBytes: null };

/** What an owner has: jobs that wait or run, and bytes of all jobs that are kept. What has no limit is not counted. */
export interface Usage {
  readonly queued: number;
  readonly bytes: number;
}

export async function usageOf(
  db: Queryable,
  owner: string,
  { maxQueuedJobs, maxStoredBytes }: Quota,
): Promise<Usage> {
  const count = async (sql: string): Promise<number> =>
    (await db.query<{ value: number }>(sql, [owner]))[0]?.value ?? 0;
  return {
    queued: maxQueuedJobs === null ? 0 : await count(UNFINISHED),
    bytes: maxStoredBytes === null ? 0 : await count(BYTES),
  };
}

/** Throws `quota_exceeded` when the owner, who has `queued` jobs waiting or running, may not hand in another. */
export function checkQueuedJobs({ maxQueuedJobs: most }: Quota, queued: number): void {
  if (most === null || queued < most) return;
  throw new EarshotError('quota_exceeded', `the key may have ${most} jobs queued and has ${queued}`, {
    hint: 'wait until some have ended, or cancel some',
  });
}

/**
 * Throws `storage_full` when the owner, who keeps `stored` bytes, may not add `added` more. Ask before the upload with
 * what it announces (0 where it announces nothing): what came is looked at when the job is written.
 */
export function checkStoredBytes({ maxStoredBytes: most }: Quota, stored: number, added: number): void {
  if (most === null || stored + added <= most) return;
  throw new EarshotError(
    'storage_full',
    `the key may keep ${most} bytes on this server, keeps ${stored} and sends ${added} more`,
    { hint: 'delete finished jobs, or wait until they expire' },
  );
}

/** Makes others who hand in for these owners, if they have a quota, wait until this transaction has ended. */
export async function lockOwners(
  tx: Queryable,
  jobs: readonly { readonly owner: string; readonly quota: Quota }[],
): Promise<void> {
  const owners = new Set(jobs.filter(isLimited).map(({ owner }) => owner));
  if (owners.size > 0) await tx.query(LOCK, [[...owners]]);
}

const isLimited = ({ quota }: { readonly quota: Quota }): boolean =>
  quota.maxQueuedJobs !== null || quota.maxStoredBytes !== null;

interface Inserted {
  readonly id: string;
  readonly owner: string;
  readonly bytes: number;
  readonly quota: Quota;
}

/**
 * Takes back those of the jobs, which this transaction has inserted, that their owners may not have; by id what they are
 * refused with. Requests that come together were all looked at before any was written, so that only this look holds: the
 * owners are to be locked by `lockOwners`.
 */
export async function takeBack(
  tx: Queryable,
  inserted: readonly Inserted[],
): Promise<Map<string, EarshotError>> {
  const refused = new Map<string, EarshotError>();
  for (const [owner, jobs] of Map.groupBy(inserted.filter(isLimited), (job) => job.owner)) {
    const quota = (jobs[0] as Inserted).quota;
    const after = await usageOf(tx, owner, quota);
    let queued = after.queued - jobs.length;
    let bytes = after.bytes - jobs.reduce((sum, job) => sum + job.bytes, 0);
    for (const job of jobs)
      try {
        checkQueuedJobs(quota, queued);
        checkStoredBytes(quota, bytes, job.bytes);
        queued++;
        bytes += job.bytes;
      } catch (error) {
        refused.set(job.id, error as EarshotError);
      }
  }
  if (refused.size > 0) await tx.query(DELETE, [[...refused.keys()]]);
  return refused;
}

/** Each part has an index that leads to these rows alone. */
const UNFINISHED = `
SELECT ((SELECT count(*) FROM earshot.job WHERE owner = $1 AND status = 'queued')
  + (SELECT count(*) FROM earshot.job WHERE owner = $1 AND status = 'processing'))::int AS value`;

const BYTES = `SELECT COALESCE(sum(bytes), 0)::float8 AS value FROM earshot.job WHERE owner = $1`;

/** In one order for all, so that two do not wait for each other. */
const LOCK = `
SELECT pg_advisory_xact_lock(lock.key) FROM (
  SELECT hashtextextended(owner, 0) AS key FROM unnest($1::text[]) AS owner ORDER BY key
) AS lock`;

const DELETE = `DELETE FROM earshot.job WHERE id = ANY($1::uuid[])`;
