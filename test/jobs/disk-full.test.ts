import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import type { EarshotError } from '../../src/errors.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { run } from '../../src/util/process.ts';
import { openAt } from './backends.ts';
import { breaches } from './breaches.ts';
import { ended, FAN, newJob, until, working } from './fixture.ts';
import { isPostgresInstalled, PostgresServer } from './postgres-server.ts';

/** Text that does not compress. */
const noise = (bytes: number): string =>
  Buffer.from(Uint8Array.from({ length: bytes }, () => 256 * Math.random())).toString('base64');

/** A small disk of the test's own; null where none can be mounted. */
async function smallDisk(t: TestContext, megabytes: number): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-small-'));
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'earshot-test', folder];
  if ((await run('mount', options).catch(() => null))?.code !== 0) {
    await rm(folder, { recursive: true });
    t.skip('only root may mount a small file system');
    return null;
  }
  disks.push(folder);
  return folder;
}

const disks: string[] = [];
/** After whatever the tests have open there is closed. */
after(async () => {
  for (const folder of disks) {
    await run('umount', ['--lazy', folder]);
    await rm(folder, { recursive: true });
  }
});

/** Submits until it is refused; how many were accepted, and the refusal. */
async function fill(jobs: Jobs, bytes: number): Promise<{ accepted: string[]; error: EarshotError }> {
  const accepted: string[] = [];
  for (;;) {
    const job = newJob({ input: { noise: noise(bytes) } });
    const error = await jobs.submit(job).then(
      () => null,
      (thrown: unknown) => thrown as EarshotError,
    );
    if (error) return { accepted, error };
    accepted.push(job.id);
  }
}

test('embedded: a full disk refuses new jobs in words, is read from, and works on when there is room again', async (t) => {
  const disk = await smallDisk(t, 160);
  if (disk === null) return;
  // Something that can go later.
  await writeFile(join(disk, 'ballast'), Buffer.alloc(40 * 2 ** 20));
  const jobs = await Jobs.open(await openAt(join(disk, 'db')), [FAN], () => undefined);
  t.after(() => jobs.close());
  const { accepted, error } = await fill(jobs, 100_000);
  assert.equal(error.code, 'disk_full');
  assert.match(error.message, /MiB free/);
  assert.ok(accepted.length > 0);
  for (const id of accepted) assert.equal((await jobs.get(id))?.status, 'queued');

  await rm(join(disk, 'ballast'));
  working(t, jobs, []);
  for (const id of accepted.slice(0, 10)) assert.equal((await until(jobs, id, ended)).status, 'completed');
  assert.deepEqual(await breaches(jobs.db), []);
});

test('a server: a full disk refuses new jobs or takes the server down, and loses none', async (t) => {
  if (!isPostgresInstalled()) return t.skip('PostgreSQL is not installed (npm run setup -- --tests)');
  const disk = await smallDisk(t, 160);
  if (disk === null) return;
  await writeFile(join(disk, 'ballast'), Buffer.alloc(40 * 2 ** 20));
  const server = await PostgresServer.start([], disk);
  t.after(() => server.remove());
  const jobs = await Jobs.open(await openAt(await server.database()), [FAN], () => undefined);
  t.after(() => jobs.close());
  const { accepted, error } = await fill(jobs, 100_000);
  assert.ok(['disk_full', 'database_unavailable'].includes(error.code), `${error.code}: ${error.message}`);
  assert.ok(accepted.length > 0);

  await rm(join(disk, 'ballast'));
  await server.kill();
  await server.up();
  for (const id of accepted) assert.equal((await jobs.get(id))?.status, 'queued');
  working(t, jobs, []);
  for (const id of accepted.slice(0, 10)) assert.equal((await until(jobs, id, ended)).status, 'completed');
  assert.deepEqual(await breaches(jobs.db), []);
});
