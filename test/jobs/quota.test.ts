import assert from 'node:assert/strict';
import { EarshotError } from '../../src/errors.ts';
import type { Submission } from '../../src/jobs/submit.ts';
import { testOnEach } from './backends.ts';
import { breaches } from './breaches.ts';
import { newJob, opened } from './fixture.ts';

/** What each request came to, in order: the code of its refusal, or `accepted` or `same`. */
const outcomes = async (requests: readonly Promise<Submission>[]): Promise<string[]> =>
  (await Promise.allSettled(requests)).map((each) => {
    if (each.status === 'fulfilled') return each.value.isNew ? 'accepted' : 'same';
    assert.ok(each.reason instanceof EarshotError);
    return each.reason.code;
  });

testOnEach('requests that come together get no more than the quota, whoever else hands in', async (t, on) => {
  const { jobs } = await opened(t, on);
  const quota = { maxQueuedJobs: 3, maxStoredBytes: null };
  const mine = Array.from({ length: 10 }, () => jobs.submit(newJob({ owner: 'me', quota })));
  const others = Array.from({ length: 10 }, () => jobs.submit(newJob({ owner: 'other' })));
  assert.deepEqual(
    await outcomes(mine),
    Array.from({ length: 10 }, (_, i) => (i < 3 ? 'accepted' : 'quota_exceeded')),
  );
  assert.deepEqual(await outcomes(others), Array(10).fill('accepted'));
  assert.equal((await jobs.list(ALL)).jobs.length, 13);
  assert.deepEqual(await breaches(jobs.db), []);
  const [first] = (await jobs.list({ ...ALL, owner: 'me' })).jobs;
  await jobs.cancel(first?.id as string);
  assert.deepEqual(await outcomes([jobs.submit(newJob({ owner: 'me', quota }))]), ['accepted']);
});

testOnEach('bytes have a quota, and what is there already needs none', async (t, on) => {
  const { jobs } = await opened(t, on);
  const quota = { maxQueuedJobs: null, maxStoredBytes: 100 };
  const of = (bytes: number, fingerprint: string): Promise<Submission> =>
    jobs.submit(newJob({ bytes, fingerprint, dedupeSeconds: 60, quota }));
  assert.deepEqual(await outcomes([of(60, 'a'), of(60, 'b'), of(40, 'c'), of(60, 'a'), of(60, 'b')]), [
    'accepted',
    'storage_full',
    'accepted',
    'same',
    'storage_full',
  ]);
  assert.deepEqual(await outcomes([of(60, 'a'), of(1, 'd')]), ['same', 'storage_full']);
  assert.deepEqual(await breaches(jobs.db), []);
});

const ALL = { owner: null, status: null, kind: null, limit: 100, after: null };
