import { EarshotError } from '../errors.ts';
import { timeUuid } from '../util/time-uuid.ts';
import { groupOf } from './ahead.ts';
import type { Database, Queryable } from './database.ts';
import { bookPlaces } from './fairness.ts';
import { JOB_COLUMNS, type Job, type JsonObject } from './job.ts';
import { lockOwners, takeBack, type Quota } from './quota.ts';
import { toJsonb } from './storable.ts';
import type { Tickets } from './tickets.ts';

/** What is asked for; the bytes that `input` speaks of are durable already. */
export interface NewJob {
  /** A new UUID, chosen by the caller so that its bytes could be stored under it. */
  readonly id: string;
  readonly kind: string;
  /** The kind's first stage. */
  readonly first: string;
  readonly owner: string;
  readonly options: JsonObject;
  readonly input: JsonObject;
  readonly bytes: number;
  /** -10 to 10, usually 0; higher is served first. */
  readonly priority: number;
  readonly webhook: { readonly url: string; readonly secret: string | null } | null;
  readonly idempotencyKey: string | null;
  /** Hash of kind, content and options: equal for equal requests. */
  readonly fingerprint: string;
  /** Seconds within which an equal request is the same job; 0: never. */
  readonly dedupeSeconds: number;
  /** Seconds that the job is kept after it has ended. */
  readonly keepSeconds: number;
  /** What its owner may have with this job. */
  readonly quota: Quota;
}

/** `isNew` false: an earlier request was the same, this is its job. */
export interface Submission {
  readonly job: Job;
  readonly isNew: boolean;
}

/**
 * Accepts jobs, all in one transaction: rows, first stages, tickets, first events (invariant I1). In its place
 * a key that was used for another request gives `idempotency_mismatch`, and what the owner may not have
 * `quota_exceeded` or `storage_full`.
 */
export async function submitAll(
  db: Database,
  tickets: Tickets,
  jobs: readonly NewJob[],
): Promise<(Submission | EarshotError)[]> {
  return db.transaction(async (tx) => {
    await lockOwners(tx, jobs);
    const deduped = jobs.filter(isDeduped);
    if (deduped.length > 0) await tx.query(FORGET_OLD, [toJsonb(deduped)]);
    const ranks = new Map<NewJob, number>();
    for (const [queue, group] of Map.groupBy(jobs, ({ first }) => first)) {
      const places = await bookPlaces(
        tx,
        queue,
        group.map(({ owner, priority }) => ({ owner, count: 1, priority })),
      );
      for (const [i, job] of group.entries()) ranks.set(job, places[i]?.[0] as number);
    }
    const rows = jobs.map((job) => ({
      ...job,
      rank: ranks.get(job) as number,
      dedupe: isDeduped(job) ? job.fingerprint : null,
      stage: timeUuid(),
      ticket: timeUuid(),
    }));
    const inserted = new Map((await tx.query<Job>(INSERT, [toJsonb(rows)])).map((job) => [job.id, job]));
    const refused = await takeBack(
      tx,
      rows.filter(({ id }) => inserted.has(id)),
    );
    const fresh = rows.filter(({ id }) => inserted.has(id) && !refused.has(id));
    for (const [queue, group] of Map.groupBy(fresh, ({ first }) => first))
      await tickets.add(
        tx,
        queue,
        group.map((row) => ({ id: row.ticket, of: row.stage, rank: row.rank, group: groupOf(row) })),
      );
    const answers: (Submission | EarshotError)[] = [];
    for (const row of rows) {
      const job = inserted.get(row.id);
      const why = refused.get(row.id);
      answers.push(why ?? (job ? { job, isNew: true } : await earlier(tx, row)));
    }
    return answers;
  });
}

const isDeduped = ({ dedupeSeconds, idempotencyKey }: NewJob): boolean =>
  dedupeSeconds > 0 && idempotencyKey === null;

async function earlier(
  tx: Queryable,
  row: NewJob & { dedupe: string | null },
): Promise<Submission | EarshotError> {
  const [job] = await tx.query<Job>(FIND_EARLIER, [row.owner, row.idempotencyKey, row.dedupe]);
  if (!job) throw new EarshotError('internal', 'a job was neither accepted nor found');
  if (row.idempotencyKey !== null && job.fingerprint !== row.fingerprint)
    return new EarshotError(
      'idempotency_mismatch',
      'this Idempotency-Key was used for a request with another content or other options',
    );
  return { job, isNew: false };
}

/** An equal request counts as the same only within its window, and not after a failure. Jobs are locked by id. */
const FORGET_OLD = `
UPDATE earshot.job SET dedupe = NULL
WHERE id IN (
  SELECT job.id FROM earshot.job
  JOIN jsonb_to_recordset($1::jsonb) AS wanted (owner text, fingerprint text, "dedupeSeconds" int)
    ON job.owner = wanted.owner AND job.dedupe = wanted.fingerprint
  WHERE job.created_at < now() - wanted."dedupeSeconds" * interval '1 second'
  ORDER BY job.id FOR UPDATE OF job
)`;

/** Rows, first events and first stages of all jobs that are new. */
const INSERT = `
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS wanted (id uuid, kind text, owner text, options jsonb, input jsonb,
    bytes bigint, priority int, rank int, webhook jsonb, "idempotencyKey" text, fingerprint text, dedupe text,
    "keepSeconds" int, first text, stage uuid, ticket uuid)
), job AS (
  INSERT INTO earshot.job (id, kind, owner, status, options, input, bytes, priority, rank, webhook, idempotency_key,
    fingerprint, dedupe, keep_seconds)
  SELECT id, kind, owner, 'queued', options, input, bytes, priority, rank, NULLIF(webhook, 'null'), "idempotencyKey",
    fingerprint, dedupe, "keepSeconds"
  FROM wanted
  ON CONFLICT DO NOTHING
  RETURNING ${JOB_COLUMNS}
), event AS (
  INSERT INTO earshot.event (job_id, type, data) SELECT id, 'status', '{"status": "queued"}' FROM job
), stage AS (
  INSERT INTO earshot.stage (id, job_id, name, index, state, is_optional, is_last, ticket, rank)
  SELECT stage, id, first, 0, 'queued', false, false, ticket, wanted.rank FROM wanted JOIN job USING (id)
)
SELECT * FROM job`;

const FIND_EARLIER = `
SELECT ${JOB_COLUMNS} FROM earshot.job
WHERE owner = $1 AND (idempotency_key = $2 OR dedupe = $3)
ORDER BY (idempotency_key IS NOT DISTINCT FROM $2) DESC, seq LIMIT 1`;
