import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { begin, type Run } from '../../src/jobs/begin.ts';
import type { Job } from '../../src/jobs/job.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import type { Outcome } from '../../src/jobs/settle.ts';
import { ENDED, type JobStatus } from '../../src/jobs/states.ts';
import { PGLITE } from './backends.ts';
import { breaches } from './breaches.ts';
import { FAN, newJob } from './fixture.ts';
import { seedOf } from './members.ts';

/** I2: what a status may become in one step; a stage's end may both begin and end a job. */
const ARROWS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  queued: ['processing', 'failed', 'cancelled'],
  processing: ['completed', 'failed', 'cancelled'],
  completed: ['queued'],
  failed: ['queued'],
  cancelled: ['queued'],
};

const failure = { code: 'engine_failed', message: 'broken' };
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('submit' as const), parts: fc.nat(3) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('begin' as const), queue: fc.nat(2) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(),
      as: fc.constantFrom('done' as const, 'done' as const, 'failed' as const, 'again' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('cancel' as const, 'retry' as const, 'remove' as const),
      which: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'mend' as const) }) },
);

test('any sequence of steps keeps the invariants, and statuses follow the arrows', async (t) => {
  const jobs = await Jobs.open(await (await PGLITE.place()).open(), [FAN], () => undefined);
  t.after(() => jobs.close());
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const ids: string[] = [];
      const held: Run[] = [];
      const statuses = new Map<string, JobStatus>();
      for (const one of steps) {
        const id = 'which' in one ? (ids[one.which % (ids.length || 1)] ?? null) : null;
        if (one.do === 'submit')
          ids.push((await jobs.submit(newJob({ options: { parts: one.parts } }))).job.id);
        else if (one.do === 'begin') {
          const leases = await jobs.tickets.fetch(FAN.stages[one.queue] as string, 2);
          if (leases.length > 0) held.push(...(await begin(jobs.db, jobs.tickets, leases)));
        } else if (one.do === 'settle') {
          // Not taken out: the same result may come a second time, and must change nothing then.
          const run = held[one.which % (held.length || 1)];
          if (run) await jobs.settle({ run, outcome: outcomeOf(run, one.as) });
        } else if (one.do === 'lose') await loseAll(jobs);
        else if (one.do === 'mend') assert.equal(await jobs.mend(), 0);
        else if (id !== null && one.do === 'cancel') await jobs.cancel(id);
        else if (id !== null && one.do === 'remove') await jobs.remove(id);
        else if (id !== null)
          await jobs.retry(id).catch((error: { code: string }) => assert.equal(error.code, 'job_state'));
        assert.deepEqual(await breaches(jobs.db), [], `after ${JSON.stringify(one)}`);
        for (const each of ids) follow(statuses, each, await jobs.get(each));
      }
      for (const id of ids) {
        await jobs.cancel(id);
        await jobs.remove(id);
      }
    }),
    { seed: seedOf(t), numRuns: 40, interruptAfterTimeLimit: 25_000, markInterruptAsFailure: false },
  );
});

function follow(statuses: Map<string, JobStatus>, id: string, job: Job | null): void {
  const before = statuses.get(id);
  if (!job) {
    assert.ok(before === undefined || ENDED.includes(before), `${id} went away while ${before}`);
    statuses.delete(id);
    return;
  }
  if (before !== undefined && before !== job.status)
    assert.ok(ARROWS[before].includes(job.status), `${before} became ${job.status}`);
  statuses.set(id, job.status);
}

function outcomeOf({ stage, job }: Run, as: 'done' | 'failed' | 'again'): Outcome {
  if (as === 'failed') return { as, error: failure };
  if (as === 'again') return { as, delay: 0, counts: true, error: failure };
  if (stage.name === 'part') return { as, result: 1 };
  if (stage.name === 'join') return { as, result: null, jobResult: {} };
  const parts = Array.from({ length: Number(job.options['parts']) }, (_, index) => ({
    name: 'part',
    index,
    isOptional: index > 0,
  }));
  return { as, result: null, then: parts, last: { name: 'join' } };
}

/** Every holder of a lease falls silent, and the queue finds it out. */
async function loseAll(jobs: Jobs): Promise<void> {
  await jobs.db.query(`UPDATE earshot_queue.job SET state = 'retry', retry_count = retry_count + 1
    WHERE state = 'active'`);
}
