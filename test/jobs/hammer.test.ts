import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Jobs } from '../../src/jobs/jobs.ts';
import { openAt, testOnServer } from './backends.ts';
import { breaches } from './breaches.ts';
import { ended, FAN, newJob, until } from './fixture.ts';
import { journal, member, randomOf, seedOf } from './members.ts';

testOnServer('many processes at once: no deadlock, no breach, every job ends', async (t, on) => {
  const random = randomOf(seedOf(t));
  const { where } = await on.place();
  const log = await journal(t);
  const jobs = await Jobs.open(await openAt(where), [FAN], () => undefined);
  t.after(() => jobs.close());
  const crew = await Promise.all(Array.from({ length: 3 }, () => member(t, where, log.path)));
  const ids: string[] = [];
  const owners = ['a', 'b', 'c'];
  const one = (): string => ids[Math.floor(ids.length * random())] ?? '';
  const acts: (() => Promise<unknown>)[] = [
    async () => {
      const owner = owners[Math.floor(3 * random())] ?? 'a';
      const dedupe = random() < 0.5 ? { fingerprint: `f${Math.floor(5 * random())}`, dedupeSeconds: 1 } : {};
      const options = { parts: Math.floor(6 * random()), ms: 5 };
      ids.push((await jobs.submit(newJob({ owner, options, ...dedupe }))).job.id);
    },
    () => jobs.cancel(one()),
    () => jobs.retry(one()).catch((error: { code: string }) => assert.equal(error.code, 'job_state')),
    () => jobs.mend(),
    () => jobs.redeliver(one()),
  ];
  await acts[0]?.();
  const hammering = Array.from({ length: 12 }, async () => {
    for (const end = Date.now() + 10_000; Date.now() < end;) {
      await acts[random() < 0.6 ? 0 : Math.floor(acts.length * random())]?.();
      await delay(10 * random());
    }
  });
  await Promise.all(hammering);
  const counts: Record<string, number> = {};
  for (const id of new Set(ids)) {
    const { status } = await until(jobs, id, ended, 40_000);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  t.diagnostic(JSON.stringify(counts));
  assert.deepEqual(await breaches(jobs.db), []);
  const [row] = await jobs.db.query(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  );
  assert.deepEqual(row, { deadlocks: 0 });
  assert.deepEqual(
    crew.flatMap(({ complaints }) => complaints),
    [],
  );
  assert.equal(await jobs.mend(), 0);
});
