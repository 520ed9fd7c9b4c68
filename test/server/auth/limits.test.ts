import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorAnswer } from '../../../src/api/errors.ts';
import { createApiKey } from '../../../src/server/auth/api-key.ts';
import { BoundedMap } from '../../../src/server/auth/bounded-map.ts';
import {
  type Caller,
  LOCAL_CALLER,
  maySee,
  operator,
  requireScope,
  type Scope,
} from '../../../src/server/auth/caller.ts';
import { guessing, networkOf } from '../../../src/server/auth/guessing.ts';
import { checkQueuedJobs, checkStoredBytes, NO_QUOTA } from '../../../src/jobs/quota.ts';
import { rateLimit } from '../../../src/server/auth/rate.ts';
import { TokenBuckets } from '../../../src/server/auth/token-buckets.ts';
import { handClock } from './clock.ts';
import { errorOf } from './expect.ts';

const caller = (changes: Partial<Caller> = {}): Caller => ({
  id: 'ann',
  owner: 'team',
  scopes: new Set<Scope>(['read']),
  ratePerMinute: null,
  quota: NO_QUOTA,
  ...changes,
});

describe('scopes', () => {
  test('a missing scope is a 403 that names it; admin includes all', async () => {
    requireScope(caller(), 'read');
    const error = await errorOf(() => requireScope(caller(), 'submit'));
    assert.equal(error.code, 'forbidden');
    assert.equal(error.kind.httpStatus, 403);
    assert.match(error.message, /submit.*has read/);
    for (const scope of ['submit', 'read', 'train', 'admin'] as const)
      requireScope(caller({ scopes: new Set<Scope>(['admin']) }), scope);
    assert.equal((await errorOf(() => requireScope(caller(), 'admin'))).code, 'forbidden');
  });

  test('without admin a caller sees what its owner has, whatever the key', () => {
    assert.ok(maySee(caller({ id: 'next-key' }), 'team'));
    assert.ok(!maySee(caller(), 'others'));
    assert.ok(maySee(LOCAL_CALLER, 'others'));
  });
});

describe('rate', () => {
  test('a minute of requests at once, then evenly, with the exact seconds to wait', async () => {
    const clock = handClock();
    const rate = rateLimit(clock);
    const ann = caller({ ratePerMinute: 6 });
    for (let i = 0; i < 6; i++) rate.take(ann);
    const error = await errorOf(() => rate.take(ann));
    assert.equal(error.code, 'rate_limited');
    assert.equal(error.retryAfterSeconds, 10);
    const answer = errorAnswer(error);
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['retry-after'], '10');
    clock.forward(9);
    assert.equal((await errorOf(() => rate.take(ann))).retryAfterSeconds, 1);
    clock.forward(1);
    rate.take(ann);
    assert.equal((await errorOf(() => rate.take(ann))).retryAfterSeconds, 10);
  });

  test('callers do not share a bucket, and one without a rate has none', async () => {
    const rate = rateLimit(handClock());
    rate.take(caller({ ratePerMinute: 1 }));
    await errorOf(() => rate.take(caller({ ratePerMinute: 1 })));
    rate.take(caller({ id: 'bob', ratePerMinute: 1 }));
    for (let i = 0; i < 1000; i++) rate.take(LOCAL_CALLER);
  });

  test('every rate lets exactly its number through, and who waits as told gets in', () => {
    for (const perMinute of [1, 7, 13, 60, 997, 100_000]) {
      const clock = handClock();
      const buckets = new TokenBuckets(clock);
      let passed = 0;
      while (buckets.take('a', perMinute) === null) passed++;
      assert.equal(passed, perMinute);
      clock.forward(Math.ceil((buckets.take('a', perMinute) as number) / 1000));
      assert.equal(buckets.take('a', perMinute), null);
    }
  });

  test('a clock that is set back locks nobody out', () => {
    const clock = handClock();
    const buckets = new TokenBuckets(clock);
    while (buckets.take('a', 6) === null);
    clock.forward(-86_400);
    assert.ok((buckets.take('a', 6) as number) <= 10_000);
  });

  test('forgets the least used when too many ids come', () => {
    const map = new BoundedMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    assert.deepEqual([map.size, map.get('a'), map.get('b'), map.get('c')], [2, 1, undefined, 3]);
  });
});

describe('quota', () => {
  test('queued jobs and stored bytes have their limits, or none', async () => {
    const ann = { maxQueuedJobs: 2, maxStoredBytes: 100 };
    checkQueuedJobs(ann, 1);
    const jobs = errorAnswer(await errorOf(() => checkQueuedJobs(ann, 2)));
    assert.deepEqual([jobs.status, jobs.body.error.code], [429, 'quota_exceeded']);
    checkStoredBytes(ann, 60, 40);
    const bytes = errorAnswer(await errorOf(() => checkStoredBytes(ann, 60, 41)));
    assert.equal(bytes.status, 507);
    assert.match(bytes.body.error.message, /100 bytes/, 'the client is told');
    assert.equal(bytes.headers['x-should-retry'], 'false');
    checkQueuedJobs(LOCAL_CALLER.quota, 1e9);
    checkStoredBytes(LOCAL_CALLER.quota, 1e15, 1e15);
  });
});

describe('guessing', () => {
  const chosen = operator('api-key');

  test('ten wrong keys a minute are answered 401, the next 429 until there is room again', async () => {
    const clock = handClock();
    const guesses = guessing({ clock });
    const wrong = () => guesses.judge('192.0.2.1', 'nope', null);
    for (let i = 0; i < 10; i++) assert.equal((await errorOf(wrong)).code, 'unauthorized');
    const error = await errorOf(wrong);
    assert.equal(error.code, 'rate_limited');
    assert.equal(error.retryAfterSeconds, 6);
    clock.forward(6);
    assert.equal((await errorOf(wrong)).code, 'unauthorized');
    assert.equal((await errorOf(wrong)).code, 'rate_limited');
    assert.equal((await errorOf(() => guesses.judge('192.0.2.2', 'nope', null))).code, 'unauthorized');
  });

  test('nobody is locked out by a guesser beside him, and the guesser does not learn a chosen key', async () => {
    const clock = handClock();
    const guesses = guessing({ clock });
    const address = '192.0.2.1';
    const other = '192.0.2.9';
    guesses.judge(address, 'hunter2', chosen);
    for (let i = 0; i < 20; i++)
      for (const from of [address, other]) await errorOf(() => guesses.judge(from, `guess${i}`, null));
    assert.equal(guesses.judge(address, 'hunter2', chosen), chosen, 'it has passed from here before');
    assert.equal(guesses.judge(other, createApiKey(), chosen), chosen, 'it cannot be guessed');
    const lucky = await errorOf(() => guesses.judge(other, 'hunter2', chosen));
    const unlucky = await errorOf(() => guesses.judge(other, 'hunter3', null));
    assert.equal(lucky.code, 'rate_limited');
    assert.deepEqual([lucky.message, lucky.retryAfterSeconds], [unlucky.message, unlucky.retryAfterSeconds]);
    clock.forward(6);
    assert.equal(guesses.judge(other, 'hunter2', chosen), chosen);
  });

  test('an IPv6 sender is its /64 network, a wrapped IPv4 one its IPv4 address', () => {
    assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(networkOf('2001:db8:1:2::9'), '2001:db8:1:2::/64');
    assert.equal(networkOf('2001:DB8:1:2:ffff::'), '2001:db8:1:2::/64');
    assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.equal(networkOf('::1'), '0:0:0:0::/64');
    assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(networkOf('::ffff:c000:201'), '192.0.2.1');
    assert.equal(networkOf('192.0.2.1'), '192.0.2.1');
    assert.equal(networkOf('not an address'), 'not an address');
  });
});
