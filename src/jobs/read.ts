import type { Queryable } from './database.ts';
import { JOB_COLUMNS, STAGE_COLUMNS, type Job, type JsonObject, type Stage } from './job.ts';
import type { JobStatus } from './states.ts';

/** Which jobs to list, newest first. */
export interface JobFilter {
  /** null: everybody's. */
  readonly owner: string | null;
  readonly status: JobStatus | null;
  readonly kind: string | null;
  /** 1 to 1000. */
  readonly limit: number;
  /** `next` of the page before; null: the first page. */
  readonly after: string | null;
}

/** Something that happened to a job, in order of `seq`. */
export interface JobEvent {
  readonly seq: number;
  readonly type: 'status' | 'progress';
  readonly data: JsonObject;
  readonly at: Date;
}

export interface Counts {
  readonly queued: number;
  readonly processing: number;
  /** Completed, and nobody has fetched the result. */
  readonly unfetched: number;
}

/** Jobs in the order of the ids; null where there is none. */
export async function getJobs(db: Queryable, ids: readonly string[]): Promise<(Job | null)[]> {
  const [only, ...others] = new Set(ids);
  // A list of ids is planned anew for its length each time, which takes longer than to find one job.
  const jobs = others.length === 0 ? db.query<Job>(GET_JOB, [only]) : db.query<Job>(GET_JOBS, [ids]);
  const found = new Map((await jobs).map((job) => [job.id, job]));
  return ids.map((id) => found.get(id) ?? null);
}

export async function listJobs(
  db: Queryable,
  filter: JobFilter,
): Promise<{ jobs: Job[]; next: string | null }> {
  const { owner, status, kind, limit, after } = filter;
  const rows = await db.query<Job & { seq: string }>(LIST_JOBS, [owner, status, kind, after, limit + 1]);
  const jobs = rows.slice(0, limit);
  return {
    jobs: jobs.map(({ seq: _, ...job }) => job),
    next: rows.length > limit ? (jobs.at(-1)?.seq ?? null) : null,
  };
}

/** In order of name and index. */
export async function stagesOf(db: Queryable, jobId: string): Promise<Stage[]> {
  return db.query<Stage>(STAGES, [jobId]);
}

/** Results of a job's stages of one name from index `from` on, in order of index; null where a stage has none. */
export async function resultsOf(
  db: Queryable,
  jobId: string,
  name: string,
  from = 0,
): Promise<Pick<Stage, 'index' | 'state' | 'result' | 'error'>[]> {
  return db.query(RESULTS, [jobId, name, from]);
}

/** What happened after event number `after`, at most `limit` of it. */
export async function eventsOf(
  db: Queryable,
  jobId: string,
  after: number,
  limit = 500,
): Promise<JobEvent[]> {
  return db.query<JobEvent>(EVENTS, [jobId, after, limit]);
}

/** The first that was told of a job's progress from `since` on; null: nothing was. */
export async function firstProgress(
  db: Queryable,
  jobId: string,
  since: Date,
): Promise<{ at: Date; percent: number } | null> {
  const [first] = await db.query<{ at: Date; percent: number }>(FIRST_PROGRESS, [jobId, since]);
  return first ?? null;
}

export async function countJobs(db: Queryable): Promise<Counts> {
  const [counts] = await db.query<Counts>(COUNTS);
  return counts ?? { queued: 0, processing: 0, unfetched: 0 };
}

export async function markFetched(db: Queryable, id: string): Promise<void> {
  await db.query(MARK_FETCHED, [id]);
}

const GET_JOB = `SELECT ${JOB_COLUMNS} FROM earshot.job WHERE id = $1`;
const GET_JOBS = `SELECT ${JOB_COLUMNS} FROM earshot.job WHERE id = ANY($1::uuid[])`;

const LIST_JOBS = `
SELECT seq::text AS seq, ${JOB_COLUMNS} FROM earshot.job
WHERE ($1::text IS NULL OR owner = $1) AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR kind = $3)
  AND ($4::bigint IS NULL OR seq < $4::bigint)
ORDER BY job.seq DESC LIMIT $5`;

const STAGES = `SELECT ${STAGE_COLUMNS} FROM earshot.stage WHERE job_id = $1 ORDER BY name, index`;

const RESULTS = `SELECT index, state, result, error FROM earshot.stage WHERE job_id = $1 AND name = $2 AND index >= $3
ORDER BY index`;

const EVENTS = `
SELECT seq::float8 AS seq, type, data, at FROM earshot.event WHERE job_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`;

const FIRST_PROGRESS = `
SELECT at, (data ->> 'percent')::float8 AS percent FROM earshot.event
WHERE job_id = $1 AND type = 'progress' AND at >= $2 ORDER BY seq LIMIT 1`;

/** Each count has an index of its own that holds these rows only. */
const COUNTS = `
SELECT (SELECT count(*) FROM earshot.job WHERE status = 'queued')::int AS queued,
  (SELECT count(*) FROM earshot.job WHERE status = 'processing')::int AS processing,
  (SELECT count(*) FROM earshot.job WHERE status = 'completed' AND fetched_at IS NULL)::int AS unfetched`;

const MARK_FETCHED = `UPDATE earshot.job SET fetched_at = now() WHERE id = $1 AND status = 'completed' AND fetched_at IS NULL`;
