import assert from 'node:assert/strict';
import { EarshotError } from '../../src/errors.ts';
import { begin, type Run } from '../../src/jobs/begin.ts';
import { testOnEach } from './backends.ts';
import { breaches } from './breaches.ts';
import { ended, newJob, opened, until, working } from './fixture.ts';

testOnEach('a job fans out, joins, and is completed with its result', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  working(t, jobs, errors);
  const { job, isNew } = await jobs.submit(newJob());
  assert.equal(isNew, true);
  assert.equal(job.status, 'queued');
  const done = await until(jobs, job.id, ended);
  assert.equal(done.status, 'completed');
  assert.deepEqual(done.result, { parts: [0, 2, 4] });
  assert.equal(done.progress?.percent, 100);
  assert.equal(done.progress?.done, done.progress?.total);
  const types = (await jobs.events(job.id, 0)).map(({ type, data }) =>
    type === 'status' ? data['status'] : type,
  );
  assert.equal(types[0], 'queued');
  assert.equal(types.at(-1), 'completed');
  assert.deepEqual(await breaches(jobs.db), []);
  assert.deepEqual(errors, []);
});

testOnEach('many jobs submitted at once are all done, each once', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const count = 100;
  const submitted = await Promise.all(Array.from({ length: count }, () => jobs.submit(newJob())));
  let ran = 0;
  const worker = working(t, jobs, errors, {
    part: {
      slots: 4,
      run: ({ stage }) => {
        ran++;
        return Promise.resolve({ as: 'done', result: Number(stage.data) });
      },
    },
  });
  for (const { job } of submitted) assert.equal((await until(jobs, job.id, ended)).status, 'completed');
  assert.equal(ran, 3 * count);
  await worker.drain(1000);
  assert.deepEqual(await breaches(jobs.db), []);
});

testOnEach('I5: a result that comes after the lease was lost changes nothing', async (t, on) => {
  const { jobs } = await opened(t, on);
  const { job } = await jobs.submit(newJob());
  const [lease] = await jobs.tickets.fetch('cut', 1);
  assert.ok(lease);
  const [run] = await begin(jobs.db, jobs.tickets, [lease]);
  assert.ok(run);
  await jobs.cancel(job.id);
  const late = await jobs.settle({ run, outcome: { as: 'done', result: null, last: { name: 'join' } } });
  assert.equal(late.isKept, false);
  assert.equal((await jobs.get(job.id))?.status, 'cancelled');
  assert.deepEqual(
    (await jobs.stages(job.id)).map(({ name, state }) => [name, state]),
    [['cut', 'cancelled']],
  );
  assert.deepEqual(await breaches(jobs.db), []);
});

testOnEach(
  'a failure that may pass is tried again, one that will not ends the job with its code',
  async (t, on) => {
    const { jobs, errors } = await opened(t, on);
    let tried = 0;
    working(t, jobs, errors, {
      cut: {
        run: ({ job }) => {
          if (job.options['bad'] === true)
            return Promise.reject(new EarshotError('recording_unreadable', 'a is no media'));
          if (++tried === 1)
            return Promise.reject(new EarshotError('engine_failed', 'hiccup', { retryAfterSeconds: 0 }));
          return Promise.resolve({ as: 'done', result: null, jobResult: { tried } });
        },
      },
    });
    const good = (await jobs.submit(newJob())).job;
    const bad = (await jobs.submit(newJob({ options: { bad: true } }))).job;
    assert.deepEqual((await until(jobs, good.id, ended)).result, { tried: 2 });
    const failed = await until(jobs, bad.id, ended);
    assert.equal(failed.status, 'failed');
    assert.deepEqual(failed.error, { code: 'recording_unreadable', message: 'a is no media' });
    assert.deepEqual(await breaches(jobs.db), []);
  },
);

testOnEach('I8: a retry keeps what is done and runs only what failed', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const ran: string[] = [];
  let isBroken = true;
  working(t, jobs, errors, {
    part: {
      run: ({ stage }) => {
        ran.push(`part ${stage.index}`);
        if (stage.index === 1 && isBroken)
          return Promise.reject(new EarshotError('recording_unreadable', 'broken'));
        return Promise.resolve({ as: 'done', result: stage.index });
      },
    },
  });
  const { job } = await jobs.submit(newJob());
  const first = await until(jobs, job.id, ended);
  assert.deepEqual(first.result, { parts: [0, null, 2] });
  isBroken = false;
  ran.length = 0;
  const again = await jobs.retry(job.id);
  assert.equal(again?.status, 'queued');
  const second = await until(jobs, job.id, ended);
  assert.deepEqual(second.result, { parts: [0, 1, 2] });
  assert.deepEqual(ran, ['part 1']);
  assert.equal(second.runs, 2);
  await assert.rejects(jobs.retry(job.id), { code: 'job_state' });
  assert.deepEqual(await breaches(jobs.db), []);
});

testOnEach('cancel stops running work within 3 s and its result is dropped', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const began = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<number>();
  working(t, jobs, errors, {
    cut: {
      run: (_run, { signal }) => {
        began.resolve();
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            stopped.resolve(Date.now());
            reject(signal.reason as Error);
          }),
        );
      },
    },
  });
  const { job } = await jobs.submit(newJob());
  await began.promise;
  const asked = Date.now();
  assert.equal((await jobs.cancel(job.id))?.job.status, 'cancelled');
  assert.ok((await stopped.promise) - asked < 3000);
  assert.deepEqual(await breaches(jobs.db), []);
});

testOnEach('work that fails because its job was cancelled and removed is no error', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const began = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  const worker = working(t, jobs, errors, {
    cut: {
      run: async () => {
        began.resolve();
        await removed.promise;
        throw new EarshotError('not_found', 'the file of the job is gone');
      },
    },
  });
  const { job } = await jobs.submit(newJob());
  await began.promise;
  await jobs.cancel(job.id);
  await jobs.remove(job.id);
  removed.resolve();
  await worker.drain(1000);
  assert.deepEqual(errors, []);
});

testOnEach('one owner with many jobs does not keep another waiting', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  for (let i = 0; i < 20; i++) await jobs.submit(newJob({ owner: 'many' }));
  await jobs.submit(newJob({ owner: 'one' }));
  await jobs.submit(newJob({ owner: 'urgent', priority: 1 }));
  const order: string[] = [];
  const all = Promise.withResolvers<void>();
  working(t, jobs, errors, {
    cut: {
      slots: 1,
      run: ({ job }) => {
        order.push(job.owner);
        if (order.length === 22) all.resolve();
        return Promise.resolve({ as: 'done', result: null, jobResult: {} });
      },
    },
  });
  await all.promise;
  assert.equal(order[0], 'urgent');
  assert.ok(order.indexOf('one') <= 2, order.join());
});

testOnEach('the same request is the same job: by key, and by content within the window', async (t, on) => {
  const { jobs } = await opened(t, on);
  const keyed = newJob({ idempotencyKey: 'k', fingerprint: 'f' });
  const first = await jobs.submit(keyed);
  const again = await jobs.submit({ ...newJob(), idempotencyKey: 'k', fingerprint: 'f' });
  assert.deepEqual([again.isNew, again.job.id], [false, first.job.id]);
  await assert.rejects(jobs.submit({ ...newJob(), idempotencyKey: 'k', fingerprint: 'other' }), {
    code: 'idempotency_mismatch',
  });
  const other = await jobs.submit({ ...newJob(), owner: 'you', idempotencyKey: 'k', fingerprint: 'f' });
  assert.equal(other.isNew, true);
  const [a, b] = await Promise.all([
    jobs.submit(newJob({ fingerprint: 'same', dedupeSeconds: 60 })),
    jobs.submit(newJob({ fingerprint: 'same', dedupeSeconds: 60 })),
  ]);
  assert.equal(a.job.id, b.job.id);
  assert.deepEqual([a.isNew, b.isNew].sort(), [false, true]);
  await jobs.cancel(a.job.id);
  assert.equal((await jobs.submit(newJob({ fingerprint: 'same', dedupeSeconds: 60 }))).isNew, true);
});

testOnEach('a bad request among many fails alone', async (t, on) => {
  const { jobs } = await opened(t, on);
  const answers = await Promise.allSettled([
    jobs.submit(newJob()),
    jobs.submit(newJob({ bytes: 2 ** 70 })),
    jobs.submit(newJob({ input: { name: 'a\0b\ud800' } })),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

testOnEach('draining hands work back at once, and it does not count as a try', async (t, on) => {
  const { jobs, errors } = await opened(t, on);
  const began = Promise.withResolvers<void>();
  const first = working(t, jobs, errors, {
    cut: {
      run: (_run, { signal }) => {
        began.resolve();
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      },
    },
  });
  const { job } = await jobs.submit(newJob());
  await began.promise;
  await first.drain(0);
  const [stage] = await jobs.stages(job.id);
  assert.deepEqual([stage?.state, stage?.tries, stage?.lost], ['queued', 0, 0]);
  assert.deepEqual(await breaches(jobs.db), []);
  working(t, jobs, errors);
  assert.equal((await until(jobs, job.id, ended)).status, 'completed');
});

testOnEach(
  'an outcome that the database refuses is a failure of its stage, not a stage that hangs',
  async (t, on) => {
    const { jobs, errors } = await opened(t, on);
    const twice = { name: 'part', index: 0 };
    working(t, jobs, errors, {
      cut: { run: () => Promise.resolve({ as: 'done', result: null, then: [twice, twice] }) },
    });
    const { job } = await jobs.submit(newJob());
    const failed = await until(jobs, job.id, ended);
    assert.deepEqual([failed.status, failed.error?.code], ['failed', 'internal']);
    assert.deepEqual(await breaches(jobs.db), []);
  },
);

testOnEach('I5: of two attempts at one ticket that end together only the last counts', async (t, on) => {
  const { jobs } = await opened(t, on);
  const { job } = await jobs.submit(newJob());
  const take = async (): Promise<Run> => {
    const [run] = await begin(jobs.db, jobs.tickets, await jobs.tickets.fetch('cut', 1));
    assert.ok(run);
    return run;
  };
  const first = await take();
  await jobs.db.query(
    `UPDATE earshot_queue.job SET state = 'retry', retry_count = retry_count + 1 WHERE state = 'active'`,
  );
  const second = await take();
  assert.equal(second.stage.lost, 1);
  const [a, b] = await Promise.all([
    jobs.settle({ run: first, outcome: { as: 'done', result: null, jobResult: { by: 'first' } } }),
    jobs.settle({ run: second, outcome: { as: 'done', result: null, jobResult: { by: 'second' } } }),
  ]);
  assert.deepEqual([a.isKept, b.isKept], [false, true]);
  assert.deepEqual((await jobs.get(job.id))?.result, { by: 'second' });
});

testOnEach('a database that was closed says that the process is about to end', async (_t, on) => {
  const db = await (await on.place()).open();
  await db.close();
  await assert.rejects(db.query('SELECT 1'), { code: 'draining' });
  await assert.rejects(
    db.transaction((tx) => tx.query('SELECT 1')),
    { code: 'draining' },
  );
});
