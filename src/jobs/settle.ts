import { timeUuid } from '../util/time-uuid.ts';
import type { Run } from './begin.ts';
import type { Database, Queryable } from './database.ts';
import { announce, endJobs, type Ended } from './ending.ts';
import { bookPlaces } from './fairness.ts';
import type { JobFailure, Json, JsonObject } from './job.ts';
import type { JobKind, NewStage } from './kinds.ts';
import { toJsonb } from './storable.ts';
import { ticketFor, type Tickets } from './tickets.ts';

/** How a run of a stage ended. */
export type Outcome =
  | {
      readonly as: 'done';
      readonly result: Json;
      /** Stages that now exist beside this one. */
      readonly then?: readonly NewStage[];
      /** The stage that begins when all others of the job have ended. */
      readonly last?: NewStage;
      /** The job's result, when this was its last stage. */
      readonly jobResult?: JsonObject;
    }
  | { readonly as: 'failed'; readonly error: JobFailure }
  /** To be run again after `delay` seconds; `counts` as a try, or as nobody's fault. */
  | {
      readonly as: 'again';
      readonly delay: number;
      readonly counts: boolean;
      readonly error: JobFailure | null;
    };

export interface Settlement {
  readonly run: Run;
  readonly outcome: Outcome;
}

/** Whether the outcome counted, or came after the lease was lost. `queues` have new tickets, `ended` jobs are over. */
export interface Settled {
  readonly isKept: boolean;
  readonly queues: readonly string[];
  readonly ended: readonly string[];
}

/**
 * Writes outcomes of stages and all that follows from them in one transaction: new stages, the last stage when the
 * others have ended (I6), the job's end with its event and webhook. An outcome whose lease is no longer live changes
 * nothing (I5).
 */
export async function settleAll(
  db: Database,
  tickets: Tickets,
  kinds: ReadonlyMap<string, JobKind>,
  items: readonly Settlement[],
): Promise<Settled[]> {
  return db.transaction(async (tx) => {
    const jobIds = [...new Set(items.map(({ run }) => run.job.id))];
    await tx.query(LOCK_JOBS, [jobIds]);
    const live = await tickets.settle(
      tx,
      items.map(({ run }) => run.lease),
    );
    const held = items.filter(({ run }) => live.has(run.lease));
    const kept = await writeStages(tx, tickets, held);
    const queues = new Set(
      kept.flatMap(({ run, outcome }) => (outcome.as === 'again' ? [run.stage.name] : [])),
    );
    for (const name of await addStages(tx, tickets, kept)) queues.add(name);
    for (const name of await releaseLast(tx, tickets, jobIds)) queues.add(name);
    const ended = await endJobs(tx, tickets, endings(kept));
    await announce(
      tx,
      kinds,
      jobIds.filter((id) => !ended.includes(id)),
      null,
    );
    const isKept = new Set(kept.map(({ run }) => run.lease));
    return items.map(({ run }) => ({ isKept: isKept.has(run.lease), queues: [...queues], ended }));
  });
}

/** Writes the outcomes; those whose stage was no longer theirs are left out. */
async function writeStages(
  tx: Queryable,
  tickets: Tickets,
  items: readonly Settlement[],
): Promise<Settlement[]> {
  if (items.length === 0) return [];
  const rows = items.map(({ run, outcome }) => {
    const again = outcome.as === 'again' ? ticketFor(run.stage.id, run.stage.rank, outcome.delay) : null;
    return {
      id: run.stage.id,
      held: run.lease.id,
      state: outcome.as === 'again' ? 'queued' : outcome.as,
      ticket: again?.id ?? null,
      result: outcome.as === 'done' ? outcome.result : null,
      error: outcome.as === 'done' ? null : outcome.error,
      tried: outcome.as === 'again' && !outcome.counts ? 0 : 1,
      again,
      queue: run.stage.name,
    };
  });
  const written = new Set(
    (await tx.query<{ id: string }>(WRITE_STAGES, [toJsonb(rows)])).map(({ id }) => id),
  );
  const repeated = rows.filter((row) => row.again !== null && written.has(row.id));
  for (const [queue, group] of Map.groupBy(repeated, (row) => row.queue))
    await tickets.add(
      tx,
      queue,
      group.flatMap(({ again }) => (again === null ? [] : [again])),
    );
  return items.filter(({ run }) => written.has(run.stage.id));
}

/** Adds the stages that follow; returns the queues that got tickets. */
async function addStages(tx: Queryable, tickets: Tickets, items: readonly Settlement[]): Promise<string[]> {
  const done = items.flatMap(({ run, outcome }) => (outcome.as === 'done' ? [{ run, outcome }] : []));
  const beside = done.flatMap(({ run, outcome }) => (outcome.then ?? []).map((stage) => ({ run, stage })));
  const last = done.flatMap(({ run, outcome }) => (outcome.last ? [{ run, stage: outcome.last }] : []));
  if (beside.length + last.length === 0) return [];
  const rows = last.map(({ run, stage }) => rowOf(run, stage, run.job.rank, true));
  for (const [queue, group] of Map.groupBy(beside, ({ stage }) => stage.name)) {
    const owners = group.map(({ run }) => ({ owner: run.job.owner, count: 1, priority: run.job.priority }));
    const places = await bookPlaces(tx, queue, owners);
    rows.push(...group.map(({ run, stage }, i) => rowOf(run, stage, places[i]?.[0] as number, false)));
  }
  await tx.query(INSERT_STAGES, [toJsonb(rows)]);
  const queued = rows.filter((row) => row.ticket !== null);
  for (const [queue, group] of Map.groupBy(queued, (row) => row.name))
    await tickets.add(
      tx,
      queue,
      group.map(({ id, rank, ticket }) => ({ id: ticket as string, of: id, rank })),
    );
  return [...new Set(queued.map(({ name }) => name))];
}

function rowOf(run: Run, stage: NewStage, rank: number, isLast: boolean) {
  return {
    id: timeUuid(),
    job_id: run.job.id,
    name: stage.name,
    index: stage.index ?? 0,
    state: isLast ? 'waiting' : 'queued',
    is_optional: stage.isOptional ?? false,
    is_last: isLast,
    ticket: isLast ? null : timeUuid(),
    rank,
    data: stage.data ?? null,
  };
}

/** Queues the last stages of those jobs whose other stages have all ended. Also used when a job is retried. */
export async function releaseLast(
  tx: Queryable,
  tickets: Tickets,
  jobIds: readonly string[],
): Promise<string[]> {
  const released = await tx.query<{ id: string; name: string; rank: number; ticket: string }>(RELEASE_LAST, [
    jobIds,
  ]);
  for (const { id, name, rank, ticket } of released)
    await tickets.add(tx, name, [{ id: ticket, of: id, rank }]);
  return [...new Set(released.map(({ name }) => name))];
}

/** Jobs that are over: a stage failed that they cannot do without, or the stage that gives the result is done. */
function endings(items: readonly Settlement[]): Ended[] {
  return items.flatMap(({ run, outcome }): Ended[] => {
    const { job, stage } = run;
    if (outcome.as === 'failed' && !stage.isOptional)
      return [{ id: job.id, status: 'failed', result: null, error: outcome.error }];
    if (outcome.as === 'done' && outcome.jobResult !== undefined)
      return [{ id: job.id, status: 'completed', result: outcome.jobResult, error: null }];
    return [];
  });
}

const LOCK_JOBS = `SELECT 1 FROM earshot.job WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`;

const WRITE_STAGES = `
UPDATE earshot.stage
SET state = wanted.state, ticket = wanted.ticket, result = wanted.result, error = wanted.error,
  tries = tries + wanted.tried, finished_at = CASE WHEN wanted.state = 'queued' THEN NULL ELSE now() END
FROM jsonb_to_recordset($1::jsonb) AS wanted (id uuid, held uuid, state text, ticket uuid, result jsonb, error jsonb,
  tried int)
WHERE stage.id = wanted.id AND stage.ticket = wanted.held AND stage.state = 'running'
RETURNING stage.id`;

const INSERT_STAGES = `
INSERT INTO earshot.stage (id, job_id, name, index, state, is_optional, is_last, ticket, rank, data)
SELECT id, job_id, name, index, state, is_optional, is_last, ticket, rank, data
FROM jsonb_to_recordset($1::jsonb) AS wanted (id uuid, job_id uuid, name text, index int, state text,
  is_optional boolean, is_last boolean, ticket uuid, rank int, data jsonb)`;

const RELEASE_LAST = `
UPDATE earshot.stage SET state = 'queued', ticket = gen_random_uuid()
WHERE job_id = ANY($1::uuid[]) AND is_last AND state = 'waiting' AND NOT EXISTS (
  SELECT 1 FROM earshot.stage AS other
  WHERE other.job_id = stage.job_id AND NOT other.is_last AND other.state IN ('waiting', 'queued', 'running')
)
RETURNING id, name, rank, ticket`;
