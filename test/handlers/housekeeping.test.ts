import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { folderOf, sourceKey, waveformKey } from '../../src/api/job-files.ts';
import {
  keepHouse,
  removeExpired,
  removeLeftovers,
  removeWork,
  type HousekeepingOptions,
} from '../../src/handlers/housekeeping.ts';
import { LocalCopies } from '../../src/handlers/local-copies.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { openFileStorage } from '../../src/storage/file.ts';
import { PGLITE } from '../jobs/backends.ts';
import { ended, newJob, opened, until, working } from '../jobs/fixture.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const DAY = 24 * 3_600_000;

async function house(t: TestContext, name: string) {
  const { jobs, errors } = await opened(t, PGLITE);
  const root = join(folder, name);
  const storage = await openFileStorage(root);
  const copies = new LocalCopies(storage, join(folder, `${name}-copies`));
  const put = (key: string): Promise<unknown> => storage.put(key, Readable.from([Buffer.from('x')]));
  const has = async (key: string): Promise<boolean> => (await storage.stat(key)) !== null;
  const options: HousekeepingOptions = { jobs, storage, copies, onError: (error) => errors.push(error) };
  return { jobs, errors, root, storage, copies, put, has, options };
}

/** A job that has ended as the fixture's kind does, or failed on the way, with a recording and a waveform. */
async function jobWith(
  jobs: Jobs,
  put: (key: string) => Promise<unknown>,
  changes: Parameters<typeof newJob>[0] = {},
): Promise<{ id: string; work: string }> {
  const { job } = await jobs.submit(newJob(changes));
  const work = waveformKey(job.id, randomUUID(), 0);
  await put(sourceKey(job.id));
  await put(work);
  return { id: job.id, work };
}

test('expired jobs go with their files, counted from their end; what a killed server left goes; nothing else does', async (t) => {
  const { jobs, errors, root, put, has, options } = await house(t, 'one');
  const waits = await jobWith(jobs, put, { keepSeconds: 0, options: { parts: 1, wait: true } });
  await jobs.cancel(waits.id);
  const keptId = (await jobWith(jobs, put)).id;
  assert.equal(await removeExpired(options), 1);
  assert.equal(await jobs.get(waits.id), null);
  assert.deepEqual(
    [await has(sourceKey(waits.id)), await has(waits.work), await has(sourceKey(keptId))],
    [false, false, true],
    'a job that has not ended never expires',
  );

  working(t, jobs, errors, {
    join: { run: () => Promise.resolve({ as: 'done', result: null, jobResult: { lost_chunks: 0 } }) },
  });
  await until(jobs, keptId, ended);
  assert.equal(await removeExpired(options), 0, 'an hour has not passed');
  const lacking = await jobWith(jobs, put, { options: { parts: 0 } });

  // Files without a job: one of an upload that goes on, one that nobody has touched for two days, one that is not ours.
  const [fresh, old] = [randomUUID(), randomUUID()];
  for (const id of [fresh, old]) await put(sourceKey(id));
  await put('jobs/readme');
  await put('uploads/unfinished');
  const long = new Date(Date.now() - 2 * DAY);
  for (const key of [sourceKey(old), sourceKey(keptId), 'jobs/readme', 'uploads/unfinished'])
    await utimes(join(root, key), long, long);
  await until(jobs, lacking.id, ended);
  assert.deepEqual(await removeLeftovers(options, Date.now() - DAY), [old]);
  assert.deepEqual(
    await Promise.all([sourceKey(old), sourceKey(fresh), sourceKey(keptId), 'jobs/readme'].map(has)),
    [false, true, true, true],
  );
  assert.ok(await has('uploads/unfinished'));
  assert.deepEqual(errors, []);
});

test('work goes once a job is whole; one that failed keeps it for a retry; copies go with either', async (t) => {
  const { jobs, errors, copies, put, has, options, storage } = await house(t, 'two');
  const whole = await jobWith(jobs, put);
  const lacks = await jobWith(jobs, put, { options: { parts: 2 } });
  const broken = await jobWith(jobs, put, { options: { parts: -1 } });
  const all = [whole, lacks, broken];
  for (const { id, work } of all) await copies.get(id, work, new AbortController().signal);
  for (const { id } of all) await removeWork(options, id);
  assert.ok((await Promise.all(all.map(({ work }) => has(work)))).every(Boolean), 'none has ended');
  assert.equal(copies.jobs.length, 3);

  working(t, jobs, errors, {
    cut: {
      run: ({ job }) => {
        if (job.options['parts'] === -1) return Promise.reject(new Error('broken'));
        return Promise.resolve({ as: 'done', result: null, last: { name: 'join' } });
      },
    },
    join: {
      run: ({ job }) =>
        Promise.resolve({
          ...{ as: 'done', result: null },
          jobResult: { lost_chunks: job.options['parts'] === 2 ? 1 : 0 },
        }),
    },
  });
  await jobs.cancel(broken.id);
  for (const { id } of all) await until(jobs, id, ended);
  for (const { id } of all) await removeWork(options, id);
  assert.deepEqual(await Promise.all(all.map(({ work }) => has(work))), [false, true, true]);
  assert.ok(await has(sourceKey(whole.id)));
  assert.deepEqual(copies.jobs, []);

  // A server that was killed before it could: the next one finds it.
  await put(whole.work);
  assert.deepEqual(await removeLeftovers(options, Date.now() - DAY), []);
  assert.equal(await has(whole.work), false);
  await storage.removeAll(folderOf(whole.id));
  assert.deepEqual(errors, []);
});

test('it does so again and again by the clock, whatever fails once, until it is stopped', async (t) => {
  const { jobs, errors, root, put, has, options, storage } = await house(t, 'three');
  await mkdir(join(root, 'jobs'), { recursive: true });
  await writeFile(join(root, '.temporary', 'left'), 'x');
  const long = new Date(Date.now() - 2 * DAY);
  await utimes(join(root, '.temporary', 'left'), long, long);
  let now = Date.now();
  let ticks = Promise.withResolvers<void>();
  const stop = new AbortController();
  const asked: number[] = [];
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      asked.push(ms);
      if (asked.length === 3) stop.abort();
      ticks.resolve();
      ticks = Promise.withResolvers();
      now += ms;
      const gone = await jobs.submit(newJob({ keepSeconds: 0 }));
      await put(sourceKey(gone.job.id));
      await jobs.cancel(gone.job.id);
      expired.push(gone.job.id);
    },
  };
  const expired: string[] = [];
  let broken = true;
  const failing = {
    ...options,
    storage: Object.assign(Object.create(storage) as typeof storage, {
      removeAll: (prefix: string) => {
        if (broken) {
          broken = false;
          return Promise.reject(new Error('the storage is away'));
        }
        return storage.removeAll(prefix);
      },
      sweepTemporary: (ms: number) => storage.sweepTemporary(ms),
      list: (prefix: string) => storage.list(prefix),
    }),
    clock,
  };
  await keepHouse(failing, stop.signal);
  assert.equal(asked.length, 3);
  assert.deepEqual(await Promise.all(expired.map((id) => jobs.get(id))), [
    null,
    null,
    await jobs.get(expired[2] as string),
  ]);
  assert.equal(await has(sourceKey(expired[1] as string)), false);
  assert.deepEqual(
    errors.splice(0).map(({ message }) => message),
    ['the storage is away'],
  );
  assert.equal(await storage.sweepTemporary(DAY), 0, 'it was swept in the second round');
});
