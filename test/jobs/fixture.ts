import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EarshotError } from '../../src/errors.ts';
import type { Database } from '../../src/jobs/database.ts';
import type { Job } from '../../src/jobs/job.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import type { JobKind } from '../../src/jobs/kinds.ts';
import { openPglite } from '../../src/jobs/pglite.ts';
import { openPostgres } from '../../src/jobs/postgres.ts';
import type { NewJob } from '../../src/jobs/submit.ts';
import { Worker, type RunStage, type StageRunner } from '../../src/jobs/worker.ts';

/** A kind of job that fans out as a transcription does, and knows no speech. */
export const FAN: JobKind = {
  name: 'fan',
  first: 'cut',
  stages: ['cut', 'part', 'join'],
  progress: (counts) => {
    const parts = counts.find(({ name }) => name === 'part') ?? { done: 0, total: 0 };
    const percent = parts.total === 0 ? 0 : (100 * parts.done) / parts.total;
    return { stage: parts.total === 0 ? 'cut' : 'part', done: parts.done, total: parts.total, percent };
  },
};

/** The same database for several openings: a folder of its own, or EARSHOT_TEST_DATABASE_URL emptied first. */
export async function place(t: TestContext): Promise<() => Promise<Database>> {
  const url = process.env['EARSHOT_TEST_DATABASE_URL'];
  if (url !== undefined) {
    const db = await openPostgres(url);
    await db.exec('DROP SCHEMA IF EXISTS earshot CASCADE; DROP SCHEMA IF EXISTS earshot_queue CASCADE');
    await db.close();
    return () => openPostgres(url);
  }
  const folder = await mkdtemp(join(tmpdir(), 'earshot-jobs-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return () => openPglite(join(folder, 'db'));
}

/** Open jobs, closed with the test; errors that nobody expects fail it. */
export async function opened(
  t: TestContext,
  kinds: readonly JobKind[] = [FAN],
): Promise<{ jobs: Jobs; errors: EarshotError[] }> {
  const errors: EarshotError[] = [];
  const jobs = await Jobs.open(await (await place(t))(), kinds, (error) => errors.push(error));
  t.after(() => jobs.close());
  return { jobs, errors };
}

export function newJob(changes: Partial<NewJob> = {}): NewJob {
  const id = changes.id ?? randomUUID();
  return {
    id,
    kind: 'fan',
    first: 'cut',
    owner: 'me',
    options: { parts: 3 },
    input: { name: 'a' },
    bytes: 10,
    priority: 0,
    webhook: null,
    idempotencyKey: null,
    fingerprint: id,
    dedupeSeconds: 0,
    keepSeconds: 3600,
    ...changes,
  };
}

/** Cuts into `options.parts` parts, doubles each, joins them. */
export const CUT: RunStage = ({ job }) =>
  Promise.resolve({
    as: 'done',
    result: null,
    then: Array.from({ length: Number(job.options['parts']) }, (_, index) => ({
      name: 'part',
      index,
      data: index,
      isOptional: true,
    })),
    last: { name: 'join' },
  });
export const PART: RunStage = ({ stage }) => Promise.resolve({ as: 'done', result: 2 * Number(stage.data) });
export const joinOf =
  (jobs: Jobs): RunStage =>
  async ({ job }) => {
    const results = await jobs.results(job.id, 'part');
    return { as: 'done', result: null, jobResult: { parts: results.map(({ result }) => result) } };
  };

/** A worker that is drained with the test. */
export function working(
  t: TestContext,
  jobs: Jobs,
  errors: EarshotError[],
  changes: Partial<Record<'cut' | 'part' | 'join', Partial<StageRunner>>> = {},
): Worker {
  const runners = {
    cut: { slots: 2, run: CUT, ...changes.cut },
    part: { slots: 2, run: PART, ...changes.part },
    join: { slots: 2, run: joinOf(jobs), ...changes.join },
  };
  const worker = new Worker({ jobs, runners, onError: (error) => errors.push(error) });
  t.after(() => worker.drain(0));
  return worker;
}

/** The job once it satisfies `is`; asks again with every word of news and now and then. */
export async function until(jobs: Jobs, id: string, is: (job: Job) => boolean, ms = 20_000): Promise<Job> {
  const end = Date.now() + ms;
  for (;;) {
    const job = await jobs.get(id);
    assert.ok(job, `job ${id} is gone`);
    if (is(job)) return job;
    assert.ok(Date.now() < end, `job ${id} is still ${job.status}: ${JSON.stringify(job.progress)}`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, 200);
      const off = jobs.onJob(id, done);
      function done(): void {
        clearTimeout(timer);
        off();
        resolve();
      }
    });
  }
}

export const ended = (job: Job): boolean => ['completed', 'failed', 'cancelled'].includes(job.status);

/** Every breach of the invariants of states.ts that a look at the rows can find. */
export async function breaches(db: Database): Promise<unknown[]> {
  const checks: Record<string, string> = {
    I3: `SELECT job.id, stage.name, stage.state FROM earshot.job JOIN earshot.stage ON stage.job_id = job.id
      WHERE job.finished_at IS NOT NULL AND stage.state IN ('waiting', 'queued', 'running')`,
    'I4 live': `SELECT id, name, state FROM earshot.stage WHERE state IN ('queued', 'running') AND (
      SELECT count(*) FROM earshot_queue.job AS held WHERE held.name = stage.name AND held.data ->> 'of' = stage.id::text
        AND held.state < 'completed') <> 1`,
    'I4 none': `SELECT id, name, state FROM earshot.stage WHERE state NOT IN ('queued', 'running') AND EXISTS (
      SELECT 1 FROM earshot_queue.job AS held WHERE held.name = stage.name AND held.data ->> 'of' = stage.id::text
        AND held.state < 'completed')`,
    I6: `SELECT id FROM earshot.stage WHERE is_last AND state = 'waiting' AND NOT EXISTS (
      SELECT 1 FROM earshot.stage AS other WHERE other.job_id = stage.job_id AND NOT other.is_last
        AND other.state IN ('queued', 'running'))`,
    I7: `SELECT id FROM earshot.job WHERE (finished_at IS NOT NULL) <> (status IN ('completed', 'failed', 'cancelled'))
      OR finished_at IS NOT NULL AND expires_at <> finished_at + keep_seconds * interval '1 second'`,
    I9: `SELECT id, status FROM earshot.job WHERE finished_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM earshot.stage WHERE stage.job_id = job.id AND stage.state IN ('queued', 'running'))`,
  };
  const found: unknown[] = [];
  for (const [name, sql] of Object.entries(checks))
    for (const row of await db.query(sql)) found.push([name, row]);
  return found;
}
