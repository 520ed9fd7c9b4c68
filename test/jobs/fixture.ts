import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { EarshotError } from '../../src/errors.ts';
import type { Job } from '../../src/jobs/job.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import type { JobKind } from '../../src/jobs/kinds.ts';
import { NO_QUOTA } from '../../src/jobs/quota.ts';
import type { NewJob } from '../../src/jobs/submit.ts';
import { Worker, type RunStage, type StageRunner } from '../../src/jobs/worker.ts';
import type { Backend } from './backends.ts';

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

/** Open jobs on a database of the test's own, closed with the test. */
export async function opened(
  t: TestContext,
  on: Backend,
  kinds: readonly JobKind[] = [FAN],
): Promise<{ jobs: Jobs; errors: EarshotError[] }> {
  const errors: EarshotError[] = [];
  const { open } = await on.place();
  const jobs = await Jobs.open(await open(), kinds, (error) => errors.push(error));
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
    quota: NO_QUOTA,
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
