import assert from 'node:assert/strict';
import { begin } from '../../src/jobs/begin.ts';
import { bookPlaces } from '../../src/jobs/fairness.ts';
import type { Job } from '../../src/jobs/job.ts';
import { testOnEach } from './backends.ts';
import { breaches } from './breaches.ts';
import { ended, newJob, opened, until, working } from './fixture.ts';

testOnEach('mend gives tickets back that somebody deleted, deliveries, too', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const queued = (await jobs.submit(newJob())).job;
  const told = (await jobs.submit(newJob({ webhook: { url: 'https://example.com', secret: null } }))).job;
  await jobs.cancel(told.id);
  await jobs.db.query('DELETE FROM earshot_queue.job');
  assert.equal((await breaches(jobs.db)).length, 1);
  assert.equal(await jobs.mend(), 2);
  assert.equal(await jobs.mend(), 0);
  assert.equal((await jobs.tickets.fetch('webhook', 5)).length, 1);
  working(t, jobs, errors);
  assert.equal((await until(jobs, queued.id, ended)).status, 'completed');
});

testOnEach('I7: jobs expire from their end, and only those that have ended', async (t, on) => {
  const { jobs } = await opened(t, on);
  const running = (await jobs.submit(newJob({ keepSeconds: 0 }))).job;
  const kept = (await jobs.submit(newJob({ keepSeconds: 60 }))).job;
  const gone = (await jobs.submit(newJob({ keepSeconds: 0 }))).job;
  await jobs.cancel(kept.id);
  await jobs.cancel(gone.id);
  assert.deepEqual(await jobs.removeExpired(), [gone.id]);
  assert.deepEqual(await jobs.removeExpired(), []);
  assert.deepEqual(await jobs.existing([running.id, kept.id, gone.id]), new Set([running.id, kept.id]));
});

testOnEach('positions: the next is 0; others count, and what has begun does not', async (t, on) => {
  const { jobs } = await opened(t, on);
  const [a, b, c] = [await jobs.submit(newJob()), await jobs.submit(newJob()), await jobs.submit(newJob())];
  const urgent = await jobs.submit(newJob({ priority: 2, owner: 'you' }));
  const positions = async (): Promise<(number | null)[]> =>
    Promise.all(
      [a, b, c, urgent].map(async ({ job }) => {
        const now = await jobs.get(job.id);
        return now && jobs.position(now);
      }),
    );
  assert.deepEqual(await positions(), [1, 2, 3, 0]);
  const leases = await jobs.tickets.fetch('cut', 2);
  const runs = await begin(jobs.db, jobs.tickets, leases);
  for (const { job } of runs) jobs.tellProgress(job.id); // as a worker does
  assert.deepEqual(await positions(), [null, 0, 1, null]);
  assert.equal(
    await jobs.position(urgent.job),
    0,
    'read while it was queued, begun since: nobody is before it',
  );
  await jobs.cancel(b.job.id);
  assert.deepEqual(await positions(), [null, null, 0, null]);
});

testOnEach(
  'positions are those of the queue after every job that comes, and end at a thousand',
  async (t, on) => {
    const { jobs } = await opened(t, on);
    const standing = async (all: readonly Job[]): Promise<void> => {
      const rows = await jobs.db.query<{ id: string }>(
        `SELECT id FROM earshot.job WHERE status = 'queued' ORDER BY rank DESC, seq`,
      );
      const truth = new Map(rows.map(({ id }, place) => [id, place < 1000 ? place : null]));
      assert.deepEqual(
        await Promise.all(all.map((job) => jobs.position(job))),
        all.map(({ id }) => truth.get(id)),
      );
    };
    const few: Job[] = [];
    const owners = ['a', 'b', 'a', 'c', 'a', 'b', 'c', 'a', 'd', 'd', 'a', 'b'];
    for (const [i, owner] of owners.entries()) {
      few.push((await jobs.submit(newJob({ owner, priority: [0, 3, -2, 0, 0][i % 5] ?? 0 }))).job);
      await standing(few);
    }
    const many = await Promise.all(Array.from({ length: 995 }, () => jobs.submit(newJob())));
    const all = [...few, ...many.map(({ job }) => job)];
    await standing(all);
    all.push((await jobs.submit(newJob({ priority: 5 }))).job, (await jobs.submit(newJob())).job);
    await standing(all);
  },
);

testOnEach('events come once each, in order, from where one left off', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  working(t, jobs, errors);
  const { job } = await jobs.submit(newJob());
  await until(jobs, job.id, ended);
  const all = await jobs.events(job.id, 0);
  assert.deepEqual(
    all.map(({ seq }) => seq),
    all.map(({ seq }) => seq).toSorted((a, b) => a - b),
  );
  for (const [i, { seq }] of all.entries())
    assert.deepEqual(await jobs.events(job.id, seq), all.slice(i + 1));
});

testOnEach('ten thousand tickets of one owner do not keep another waiting', async (t, on) => {
  const { jobs } = await opened(t, on);
  const [many] = await bookPlaces(jobs.db, 'part', [{ owner: 'many', count: 10_000, priority: 0 }]);
  const [one] = await bookPlaces(jobs.db, 'part', [{ owner: 'one', count: 2, priority: 0 }]);
  assert.equal(many?.length, 10_000);
  const before = many?.filter((rank) => rank > (one?.[1] ?? 0)).length ?? 0;
  assert.ok(before <= 2, `${before} of many before the second of one`);
  assert.equal(one?.[0], many?.[0]);
  // A batch and a single booking of one owner go on from each other.
  const [single, batch] = await bookPlaces(jobs.db, 'part', [
    { owner: 'one', count: 1, priority: 0 },
    { owner: 'one', count: 2, priority: 1 },
  ]);
  assert.equal(single?.[0], (one?.[1] ?? 0) - 1);
  assert.ok((batch?.[0] ?? 0) > (many?.[0] ?? 0), 'a higher priority is before all of a lower one');
});
