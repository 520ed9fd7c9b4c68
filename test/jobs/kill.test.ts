import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../src/jobs/database.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { openAt, PGLITE, testOnServer } from './backends.ts';
import { breaches } from './breaches.ts';
import { ended, FAN, newJob, until, working } from './fixture.ts';
import { journal, member, randomOf, seedOf } from './members.ts';
import { isPostgresInstalled, PostgresServer } from './postgres-server.ts';

const RESULT = { parts: [0, 2, 4] };
const ignored = (): void => undefined;

/** Makes leases that nobody has kept alive run out now rather than in some seconds. */
const ageLeases = (db: Database): Promise<unknown> =>
  db.query(`UPDATE earshot_queue.job SET heartbeat_on = heartbeat_on - interval '1 minute'
    WHERE state = 'active' AND heartbeat_on < now() - interval '7 seconds'`);

test('embedded: kill -9 at any moment: every accepted job ends, nothing that was kept is done again', async (t) => {
  const random = randomOf(seedOf(t));
  const { where } = await PGLITE.place();
  const log = await journal(t);
  const accepted = new Set<string>();
  for (const end = Date.now() + 12_000; Date.now() < end;) {
    const one = await member(t, where, log.path);
    for (let i = 0; i < 10; i++) one.submit(randomUUID());
    if (random() < 0.8) await one.firstAccepted; // otherwise it may die before
    await delay(400 * random());
    await one.kill();
    for (const id of one.accepted) accepted.add(id);
  }
  const errors: Error[] = [];
  const jobs = await Jobs.open(await openAt(where), [FAN], (error) => errors.push(error));
  t.after(() => jobs.close());
  working(t, jobs, []);
  const { jobs: all } = await jobs.list({ owner: null, status: null, kind: null, limit: 1000, after: null });
  const stored = new Set(all.map(({ id }) => id));
  for (const id of accepted) assert.ok(stored.has(id), `${id} was accepted and is not there`);
  for (const { id } of all) {
    const job = await until(jobs, id, ended, 30_000);
    assert.deepEqual([job.status, job.result], ['completed', RESULT]);
  }
  assert.deepEqual(await breaches(jobs.db), []);
  assert.ok(accepted.size > 0);
  const { runs, again } = await log.check();
  t.diagnostic(`${accepted.size} accepted, ${all.length} ended, ${runs} runs, ${again} cut short by a kill`);
  assert.deepEqual(errors, []);
});

testOnServer('kill -9 of workers: others take over', async (t, on) => {
  const random = randomOf(seedOf(t));
  const { where } = await on.place();
  const log = await journal(t);
  const jobs = await Jobs.open(await openAt(where), [FAN], ignored);
  t.after(() => jobs.close());
  const crew = await Promise.all([member(t, where, log.path), member(t, where, log.path)]);
  const ids: string[] = [];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 20; i++)
      ids.push((await jobs.submit(newJob({ options: { parts: 3, ms: 20 } }))).job.id);
    await delay(400 * random());
    const at = Math.floor(crew.length * random());
    await crew[at]?.kill();
    crew[at] = await member(t, where, log.path);
    await ageLeases(jobs.db);
  }
  const aging = setInterval(() => void ageLeases(jobs.db).catch(ignored), 1_000);
  t.after(() => clearInterval(aging));
  for (const id of ids) {
    const job = await until(jobs, id, ended, 40_000);
    assert.deepEqual([job.status, job.result], ['completed', RESULT]);
  }
  assert.deepEqual(await breaches(jobs.db), []);
  const { runs, again } = await log.check();
  t.diagnostic(`${ids.length} ended, ${runs} runs, ${again} cut short by a kill`);
});

test('kill -9 of the database server: workers live on, callers are told, nothing is lost', async (t) => {
  if (!isPostgresInstalled()) return t.skip('PostgreSQL is not installed (npm run setup -- --tests)');
  const server = await PostgresServer.start(['fsync=on']);
  t.after(() => server.remove());
  const where = await server.database();
  const log = await journal(t);
  const jobs = await Jobs.open(await openAt(where), [FAN], ignored);
  t.after(() => jobs.close());
  const crew = [await member(t, where, log.path), await member(t, where, log.path)];
  const ids: string[] = [];
  let refused = 0;
  for (let round = 0; round < 3; round++) {
    const submitting = Array.from({ length: 30 }, async (_, i) => {
      await delay(15 * i);
      const job = newJob({ options: { parts: 3, ms: 20 } });
      await jobs.submit(job).then(
        () => ids.push(job.id),
        (error: { code: string; message: string }) => {
          assert.equal(error.code, 'database_unavailable', error.message);
          refused++;
        },
      );
    });
    await delay(200);
    await server.kill();
    await Promise.all(submitting);
    await server.up();
  }
  assert.ok(refused > 0);
  const aging = setInterval(() => void ageLeases(jobs.db).catch(ignored), 1_000);
  t.after(() => clearInterval(aging));
  for (const id of ids) {
    const job = await until(jobs, id, ended, 40_000);
    assert.deepEqual([job.status, job.result], ['completed', RESULT]);
  }
  const { runs, again } = await log.check();
  t.diagnostic(`${ids.length} accepted and ended, ${refused} refused, ${runs} runs, ${again} done again`);
  assert.deepEqual(await breaches(jobs.db), []);
  assert.equal(crew.length, 2);
});

testOnServer('I5: a worker that hangs loses its work, and is not heard when it wakes', async (t, on) => {
  const { where } = await on.place();
  const jobs = await Jobs.open(await openAt(where), [FAN], ignored);
  t.after(() => jobs.close());
  const log = await journal(t);
  const hung = await member(t, where, log.path);
  const { job } = await jobs.submit(newJob({ options: { parts: 1, ms: 2_000 } }));
  await until(jobs, job.id, ({ status }) => status === 'processing');
  hung.signal('SIGSTOP');
  await jobs.db.query(
    `UPDATE earshot_queue.job SET heartbeat_on = now() - interval '1 hour' WHERE state = 'active'`,
  );
  working(t, jobs, []);
  assert.deepEqual((await until(jobs, job.id, ended)).result, { parts: [0] });
  const before = await jobs.events(job.id, 0);
  hung.signal('SIGCONT');
  await delay(4_000);
  assert.deepEqual(await jobs.events(job.id, 0), before);
  assert.deepEqual(
    (await jobs.stages(job.id)).map(({ state }) => state),
    ['done', 'done', 'done'],
  );
  assert.deepEqual(await breaches(jobs.db), []);
});
