import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { heldGroups } from '../../src/jobs/ahead.ts';
import { begin } from '../../src/jobs/begin.ts';
import { bookPlaces, passTime } from '../../src/jobs/fairness.ts';
import type { Job } from '../../src/jobs/job.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { testOnEach, type Backend } from './backends.ts';
import { CUT, ended, FAN, newJob, opened, until, working } from './fixture.ts';

/** A worker whose parts wait for `go`; a recording of another is cut while two wait. */
async function held(
  t: TestContext,
  on: Backend,
): Promise<{ jobs: Jobs; cut: string[]; go: () => void; allCut: (count: number) => Promise<void> }> {
  const { jobs, errors } = await opened(t, on);
  const gate = Promise.withResolvers<void>();
  const cut: string[] = [];
  working(t, jobs, errors, {
    cut: {
      slots: 1,
      ahead: { of: ['part'], jobs: 2 },
      run: (run, task) => {
        cut.push(run.job.owner);
        return CUT(run, task);
      },
    },
    part: {
      slots: 1,
      run: async ({ stage }) => {
        await gate.promise;
        return { as: 'done', result: Number(stage.data) };
      },
    },
  });
  t.after(() => gate.resolve());
  const allCut = async (count: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const off = jobs.onHappening(({ what }) => {
      if (what === 'settled' && cut.length >= count) resolve();
    });
    if (cut.length < count) await promise;
    off();
  };
  return { jobs, cut, go: gate.resolve, allCut };
}

const submitted = async (jobs: Jobs, count: number, owner: string, priority = 0): Promise<Job[]> => {
  const all: Job[] = [];
  for (let i = 0; i < count; i++)
    all.push((await jobs.submit(newJob({ owner, priority, options: { parts: 1 } }))).job);
  return all;
};

testOnEach('a stage that others follow runs no further ahead than it may', async (t, on) => {
  const { jobs, cut, go, allCut } = await held(t, on);
  const many = await submitted(jobs, 8, 'many');
  await allCut(3); // one part runs, two wait
  const [urgent] = await submitted(jobs, 1, 'many', 5);
  const [other] = await submitted(jobs, 1, 'other');
  for (const job of [urgent, other])
    await until(jobs, job?.id as string, ({ status }) => status !== 'queued');
  await allCut(5);
  assert.deepEqual(cut.toSorted(), ['many', 'many', 'many', 'many', 'other']);
  const waiting = many.slice(3);
  for (const [i, job] of waiting.entries()) {
    const now = (await jobs.get(job.id)) as Job;
    assert.equal(now.status, 'queued');
    assert.equal(await jobs.position(now), i);
  }
  go();
  for (const job of many) assert.equal((await until(jobs, job.id, ended)).status, 'completed');
  assert.equal(cut.length, 10);
});

testOnEach('a part that is put off after a failure does not hold others back', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const busy = new EarshotError('engine_failed', 'not now', { retryAfterSeconds: 600 });
  working(t, jobs, errors, {
    cut: { slots: 1, ahead: { of: ['part'], jobs: 1 } },
    part: { slots: 1, run: () => Promise.reject(busy) },
  });
  for (const job of await submitted(jobs, 3, 'me'))
    await until(jobs, job.id, ({ status }) => status !== 'queued');
});

testOnEach('what was begun before goes on while all that is queued is held back', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const never = new EarshotError('engine_failed', 'not now', { retryAfterSeconds: 1 });
  const gate = Promise.withResolvers<void>();
  t.after(() => gate.resolve());
  working(t, jobs, errors, {
    cut: {
      slots: 1,
      ahead: { of: ['part'], jobs: 1 },
      run: (run, task) =>
        run.job.owner === 'other' && run.stage.tries === 0 ? Promise.reject(never) : CUT(run, task),
    },
    part: {
      slots: 1,
      run: async ({ stage }) => {
        await gate.promise;
        return { as: 'done', result: Number(stage.data) };
      },
    },
  });
  const [other] = await submitted(jobs, 1, 'other');
  await submitted(jobs, 6, 'many');
  await until(jobs, other?.id as string, ({ progress }) => progress?.stage === 'part');
  const { queued } = await jobs.counts();
  assert.ok(queued >= 4, `${queued} are held back`);
});

testOnEach('jobs of another kind, which begin elsewhere, have no say', async (t, on) => {
  const { jobs } = await opened(t, on, [FAN, { ...FAN, name: 'alone', first: 'join' }]);
  const ahead = { of: ['part'], jobs: 1 };
  await submitted(jobs, 2, 'many');
  assert.deepEqual(await heldGroups(jobs.db, 'cut', ['fan'], ahead), []);
  const [lease] = await jobs.tickets.fetch('cut', 1);
  const [run] = lease ? await begin(jobs.db, jobs.tickets, [lease]) : [];
  assert.ok(run);
  await jobs.settle({
    run,
    outcome: { as: 'done', result: null, then: [{ name: 'part' }], last: { name: 'join' } },
  });
  assert.equal(await heldGroups(jobs.db, 'cut', ['fan'], ahead), null);
  await jobs.submit(newJob({ kind: 'alone', first: 'join', owner: 'other' }));
  assert.equal(await heldGroups(jobs.db, 'cut', ['fan'], ahead), null);
  await submitted(jobs, 1, 'other');
  assert.deepEqual(await heldGroups(jobs.db, 'cut', ['fan'], ahead), ['0 many']);
});

testOnEach('what is in work in one queue takes nobody a place in another', async (t, on) => {
  const { jobs } = await opened(t, on);
  const many = await bookPlaces(jobs.db, 'cut', [{ owner: 'many', count: 1000, priority: 0 }]);
  const [parts] = await bookPlaces(jobs.db, 'part', [{ owner: 'many', count: 5000, priority: 0 }]);
  await passTime(jobs.db, 'part', (parts as number[]).slice(0, 4000));
  await passTime(jobs.db, 'cut', [many[0]?.[2] as number]);
  const [[next]] = (await bookPlaces(jobs.db, 'cut', [{ owner: 'other', count: 1, priority: 0 }])) as [
    [number],
  ];
  assert.equal(
    many[0]?.findIndex((rank) => rank === next),
    3,
  );
});
