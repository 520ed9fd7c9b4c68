import { timeUuid } from '../util/time-uuid.ts';
import type { Queryable } from './database.ts';
import type { Job, JobFailure, JobProgress, JsonObject } from './job.ts';
import { JOB_COLUMNS } from './job.ts';
import type { JobKind, StageCount } from './kinds.ts';
import { toJsonb } from './storable.ts';
import { ticketFor, type Tickets } from './tickets.ts';

/** The queue of webhook deliveries. */
export const WEBHOOK_QUEUE = 'webhook';

export interface Ended {
  readonly id: string;
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly result: JsonObject | null;
  readonly error: JobFailure | null;
}

/**
 * Ends jobs whose rows the caller has locked: status, event, expiry, webhook; stages that have not ended are cancelled
 * and their tickets taken away (I3, I4). Jobs that had ended already stay as they are. Returns the ids of those that
 * ended now.
 */
export async function endJobs(tx: Queryable, tickets: Tickets, endings: readonly Ended[]): Promise<string[]> {
  if (endings.length === 0) return [];
  const first = [...new Map(endings.toReversed().map((ended) => [ended.id, ended])).values()];
  const jobs = await tx.query<Job>(END_JOBS, [toJsonb(first)]);
  if (jobs.length === 0) return [];
  const ids = jobs.map(({ id }) => id);
  const stopped = await tx.query<{ name: string; ticket: string | null }>(CANCEL_STAGES, [ids]);
  for (const [queue, group] of Map.groupBy(stopped, ({ name }) => name))
    await tickets.withdraw(
      tx,
      queue,
      group.flatMap(({ ticket }) => (ticket === null ? [] : [ticket])),
    );
  await tx.query(END_EVENTS, [
    toJsonb(jobs.map(({ id, status, error }) => ({ id, data: { status, ...(error ? { error } : {}) } }))),
  ]);
  await orderWebhooks(
    tx,
    tickets,
    jobs.filter(({ webhook }) => webhook !== null),
  );
  return ids;
}

/**
 * Puts one delivery of each job's present state into the queue. One that says what an earlier delivery of the job said is
 * the same message.
 */
export async function orderWebhooks(tx: Queryable, tickets: Tickets, jobs: readonly Job[]): Promise<void> {
  if (jobs.length === 0) return;
  const rows = jobs.map((job) => {
    const id = timeUuid();
    return { id, ticket: ticketFor(id, 0), job_id: job.id, body: webhookBody(job) };
  });
  await tx.query(INSERT_DELIVERIES, [toJsonb(rows.map((row) => ({ ...row, ticket: row.ticket.id })))]);
  await tickets.add(
    tx,
    WEBHOOK_QUEUE,
    rows.map(({ ticket }) => ticket),
  );
}

/** What a webhook says: which job ended how. The result is fetched with a key, it does not travel. */
function webhookBody(job: Job): string {
  const { id, kind, status, error } = job;
  return JSON.stringify({
    type: `job.${status}`,
    timestamp: (job.finishedAt ?? job.createdAt).toISOString(),
    data: { job_id: id, kind, status, ...(error ? { error } : {}) },
  });
}

/** Writes how far jobs are and tells whoever listens; `within` is a running stage's own word. */
export async function announce(
  tx: Queryable,
  kinds: ReadonlyMap<string, JobKind>,
  jobIds: readonly string[],
  within: { readonly name: string; readonly fraction: number } | null,
): Promise<void> {
  if (jobIds.length === 0) return;
  const counts = await tx.query<StageCount & { job: string; kind: string }>(COUNT_STAGES, [jobIds]);
  const rows = [...Map.groupBy(counts, ({ job }) => job)].flatMap(([id, own]) => {
    const progress: JobProgress | undefined = kinds.get(own[0]?.kind ?? '')?.progress(own, within);
    return progress ? [{ id, progress }] : [];
  });
  await tx.query(WRITE_PROGRESS, [toJsonb(rows)]);
}

const END_JOBS = `
UPDATE earshot.job
SET status = wanted.status, result = NULLIF(wanted.result, 'null'), error = NULLIF(wanted.error, 'null'),
  finished_at = now(), expires_at = now() + keep_seconds * interval '1 second',
  dedupe = CASE WHEN wanted.status = 'completed' THEN dedupe END,
  progress = CASE WHEN wanted.status = 'completed' THEN progress || jsonb_build_object('percent', 100, 'done', progress -> 'total')
    ELSE progress END
FROM jsonb_to_recordset($1::jsonb) AS wanted (id uuid, status text, result jsonb, error jsonb)
WHERE job.id = wanted.id AND job.status IN ('queued', 'processing')
RETURNING ${JOB_COLUMNS}`;

/** RETURNING gives what a row has become, so the tickets are read on the way. */
const CANCEL_STAGES = `
WITH open AS (
  SELECT id, name, ticket FROM earshot.stage
  WHERE job_id = ANY($1::uuid[]) AND state IN ('waiting', 'queued', 'running') FOR UPDATE
), cancelled AS (
  UPDATE earshot.stage SET state = 'cancelled', ticket = NULL, finished_at = now()
  FROM open WHERE stage.id = open.id
)
SELECT name, ticket FROM open`;

const END_EVENTS = `
INSERT INTO earshot.event (job_id, type, data)
SELECT id, 'status', data FROM jsonb_to_recordset($1::jsonb) AS ended (id uuid, data jsonb)`;

const INSERT_DELIVERIES = `
INSERT INTO earshot.delivery (id, job_id, state, ticket, body, message)
SELECT id, job_id, 'pending', ticket, body, (
  SELECT COALESCE(earlier.message, earlier.id) FROM earshot.delivery AS earlier
  WHERE earlier.job_id = wanted.job_id AND earlier.body = wanted.body ORDER BY earlier.created_at, earlier.id LIMIT 1
)
FROM jsonb_to_recordset($1::jsonb) AS wanted (id uuid, job_id uuid, ticket uuid, body text)`;

const COUNT_STAGES = `
SELECT stage.job_id AS job, job.kind, stage.name, count(*)::int AS total,
  (count(*) FILTER (WHERE stage.state IN ('done', 'failed')))::int AS done
FROM earshot.stage JOIN earshot.job ON job.id = stage.job_id
WHERE stage.job_id = ANY($1::uuid[]) AND job.status = 'processing'
GROUP BY stage.job_id, job.kind, stage.name`;

const WRITE_PROGRESS = `
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS wanted (id uuid, progress jsonb)
), changed AS (
  UPDATE earshot.job SET progress = wanted.progress FROM wanted
  WHERE job.id = wanted.id AND job.status = 'processing' AND job.progress IS DISTINCT FROM wanted.progress
  RETURNING job.id, job.progress
)
INSERT INTO earshot.event (job_id, type, data) SELECT id, 'progress', progress FROM changed`;
