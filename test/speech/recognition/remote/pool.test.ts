import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import type { EarshotError } from '../../../../src/errors.ts';
import type { FakeWorker } from './fixture.ts';
import { CALM, answer, fastClock, json, open, range, said, worker } from './fixture.ts';

const words = (count: number): string[] => range(count).map((i) => `w${i}`);

describe('spreading', () => {
  test('one dead worker of four costs time, never words', async (t) => {
    const dead = await worker(t);
    await dead.stop();
    const alive = await Promise.all(range(3).map(() => worker(t)));
    const pool = await open(t, [dead.url, ...alive.map(({ url }) => url)]);
    assert.equal(pool.concurrency, 8);
    assert.deepEqual(await Promise.all(range(40).map((i) => pool.hear(i))), words(40));
    assert.equal(
      alive.reduce((sum, { got }) => sum + got.length, 0),
      40,
    );
  });

  test('work is pulled: a fast worker gets more, and none gets more than its slots', async (t) => {
    let busy = 0;
    let most = 0;
    const held: (() => void)[] = [];
    const slow = await worker(t, async (got, response) => {
      most = Math.max(most, ++busy);
      await new Promise<void>((resolve) => held.push(resolve));
      busy--;
      await answer(got, response, 0);
    });
    const fast = await worker(t);
    const pool = await open(t, [`${slow.url}#slots=3`, `${fast.url}#slots=1`]);
    const all = Promise.all(range(30).map((i) => pool.hear(i)));
    while (fast.got.length < 27) await new Promise(setImmediate);
    for (const release of held) release();
    assert.deepEqual(await all, words(30));
    assert.equal(most, 3);
    assert.equal(slow.got.length, 3);
  });

  test('a worker that never answers loses its chunk to another, and its socket is closed', async (t) => {
    const closed: Promise<unknown>[] = [];
    const hanging = await worker(t, (_got, response) => void closed.push(once(response, 'close')));
    const good = await worker(t);
    const pool = await open(t, [`${hanging.url}#slots=1`, `${good.url}#slots=1`], {
      pool: { ...CALM, hedgeFactor: 3, hedgeMinMs: 50_000 },
    });
    assert.deepEqual(await Promise.all(range(6).map((i) => pool.hear(i))), words(6));
    assert.equal(good.got.length, 6);
    assert.ok(closed.length > 0);
    await Promise.all(closed);
  });

  test('the first of two answers wins, and there is one result', async (t) => {
    const late: (() => void)[] = [];
    const slow = await worker(t, async (got, response) => {
      await new Promise<void>((resolve) => late.push(resolve));
      json(response, 200, { ...said(got.chunk), text: 'late', words: [] });
    });
    const good = await worker(t);
    const pool = await open(t, [`${slow.url}#slots=1`, `${good.url}#slots=1`], {
      pool: { ...CALM, firstAnswerMs: 20_000, hedgeMinMs: 20_000, hedgeFactor: 3 },
    });
    assert.equal(await pool.hear(7), 'w7');
    for (const release of late) release();
    assert.equal(await pool.hear(8), 'w8');
  });
});

describe('failures', () => {
  const onceThen =
    (fail: Parameters<typeof worker>[1]): Parameters<typeof worker>[1] =>
    (got, response, count) =>
      count === 1 ? fail?.(got, response, count) : answer(got, response, count);
  const faults: [string, NonNullable<Parameters<typeof worker>[1]>][] = [
    ['500', (_got, response) => json(response, 500, { error: { message: 'x' } })],
    ['503', (_got, response) => json(response, 503, {})],
    ['404 of a server that has just restarted', (_got, response) => json(response, 404, {})],
    ['429', (_got, response) => json(response, 429, {})],
    ['a reset', (_got, response) => void response.socket?.resetAndDestroy()],
    [
      'a body that is cut off',
      (_got, response) =>
        void response.writeHead(200, { 'content-length': 999 }).write('{"text":', () => response.destroy()),
    ],
    ['malformed JSON', (_got, response) => void response.end('{"text":')],
    ['another shape', (_got, response) => json(response, 200, { words: 'no' })],
    [
      'a body without end',
      (_got, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(' '.repeat(1 << 20)));
        };
        response.on('drain', more);
        more();
      },
    ],
    ['an error in a 200', (_got, response) => json(response, 200, { error: { message: 'too late' } })],
  ];
  for (const [what, fail] of faults) {
    test(`${what}, then well: the only worker gets the chunk again`, async (t) => {
      const one = await worker(t, onceThen(fail));
      const pool = await open(t, [one.url]);
      assert.equal(await pool.hear(3), 'w3');
      assert.equal(one.got.length, 2);
    });
    test(`${what}, always: the chunk goes to another`, async (t) => {
      const bad = await worker(t, fail);
      const good = await worker(t);
      const pool = await open(t, [`${bad.url}#slots=1`, `${good.url}#slots=1`]);
      assert.deepEqual(await Promise.all(range(4).map((i) => pool.hear(i))), words(4));
    });
  }

  for (const [what, header, least] of [
    ['seconds', () => '30', 30_000],
    ['an HTTP date', () => new Date(Date.now() + 60_000).toUTCString(), 30_000],
  ] as const)
    test(`503 with Retry-After in ${what}: the worker is left alone that long`, async (t) => {
      const clock = fastClock(1000);
      const at: number[] = [];
      const one = await worker(t, (got, response, count) => {
        at.push(clock.now());
        if (count > 1) return answer(got, response, count);
        json(response, 503, {}, { 'retry-after': header() });
      });
      const pool = await open(t, [`${one.url}#slots=1`], { clock });
      assert.equal(await pool.hear(1), 'w1');
      assert.ok((at[1] as number) - (at[0] as number) >= least, String(at));
    });

  test('a worker that fails in a row is out of service until it is back, and people are told', async (t) => {
    let well = false;
    const one = await worker(t, (got, response, count) =>
      well ? answer(got, response, count) : json(response, 503, {}),
    );
    const pool = await open(t, [`${one.url}#slots=1`]);
    const heard = pool.hear(5);
    while (pool.notices.length === 0) await new Promise(setImmediate);
    well = true;
    assert.equal(await heard, 'w5');
    assert.match(pool.notices[0] ?? '', /answered 503: its chunks go elsewhere/);
    assert.match(pool.notices.at(-1) ?? '', /is back$/);
  });

  test('a worker that was killed and restarted gets the chunk again', async (t) => {
    let first: (() => void) | null = null;
    const one: FakeWorker = await worker(t, (got, response, count) =>
      count === 1 ? first?.() : answer(got, response, count),
    );
    const killed = new Promise<void>((resolve) => (first = () => void one.stop().then(resolve)));
    const pool = await open(t, [one.url]);
    const heard = pool.hear(2);
    await killed;
    await one.restart();
    assert.equal(await heard, 'w2');
  });

  test('401: the worker is out for good, and the others do the work', async (t) => {
    const closed = await worker(t, (_got, response) =>
      json(response, 401, { error: { message: 'bad key' } }),
    );
    const good = await worker(t);
    const pool = await open(t, [`${closed.url}#slots=1`, `${good.url}#slots=1`]);
    assert.deepEqual(await Promise.all(range(8).map((i) => pool.hear(i))), words(8));
    assert.equal(closed.got.length, 1);
    assert.match(pool.notices.join('\n'), /answered 401: it is not used any more/);
  });

  test('403 everywhere: worker_failed at once, with the way out', async (t) => {
    const closed = await worker(t, (_got, response) => json(response, 403, {}));
    const pool = await open(t, [closed.url]);
    await assert.rejects(pool.hear(1), (error: { code: string; hint: string }) => {
      assert.equal(error.code, 'worker_failed');
      assert.match(error.hint, /EARSHOT_WORKER_TOKEN/);
      return true;
    });
    await assert.rejects(pool.hear(2), { code: 'worker_failed' });
  });

  for (const status of [400, 413, 415, 422]) {
    const refuse = (
      _got: unknown,
      response: Parameters<NonNullable<Parameters<typeof worker>[1]>>[1],
    ): void => json(response, status, { error: { message: 'not that' } });
    test(`${status} is the chunk's fault: one more worker, then engine_failed; the workers stay`, async (t) => {
      const three = await Promise.all(
        range(3).map(() =>
          worker(t, (got, response, count) =>
            got.chunk === 1 ? refuse(got, response) : answer(got, response, count),
          ),
        ),
      );
      const pool = await open(
        t,
        three.map(({ url }) => url),
      );
      await assert.rejects(pool.hear(1), { code: 'engine_failed' });
      assert.equal(
        three.reduce((sum, { got }) => sum + got.length, 0),
        2,
      );
      assert.deepEqual(pool.notices, []);
      assert.equal(await pool.hear(2), 'w2');
    });
  }
  test('a chunk that one worker refuses may suit another', async (t) => {
    const picky = await worker(t, (_got, response) => json(response, 413, {}));
    const good = await worker(t);
    const pool = await open(t, [picky.url, good.url]);
    assert.equal(await pool.hear(1), 'w1');
    assert.equal(await pool.hear(2), 'w2');
  });

  test('a chunk on which every try fails ends as worker_failed', async (t) => {
    const bad = await worker(t, (_got, response) => json(response, 500, {}));
    const pool = await open(t, [bad.url]);
    await assert.rejects(pool.hear(1), { code: 'worker_failed', message: /4 tries failed.*answered 500/ });
    assert.equal(bad.got.length, 4);
  });

  test('no useful answer: worker_failed after the patience, for all chunks at once, and soon for later ones', async (t) => {
    const starting = await worker(t, (_got, response) => json(response, 503, {}));
    const clock = fastClock(1000);
    const pool = await open(t, [starting.url], { clock, pool: { ...CALM, patienceMs: 120_000 } });
    const began = clock.now();
    const ends = await Promise.allSettled(range(5).map((i) => pool.hear(i)));
    assert.ok(
      ends.every(
        (end) => end.status === 'rejected' && (end.reason as { code: string }).code === 'worker_failed',
      ),
    );
    assert.ok(clock.now() - began >= 120_000);
    const again = clock.now();
    await assert.rejects(pool.hear(9), { code: 'worker_failed' });
    assert.ok(clock.now() - again < 100_000);
  });
});

describe('nobody there', () => {
  const stopped = async (t: TestContext): Promise<FakeWorker> => {
    const one = await worker(t);
    await one.stop();
    return one;
  };

  test('nobody was ever seen: worker_failed after the wait, with all addresses and the way out', async (t) => {
    const [one, two] = [await stopped(t), await stopped(t)];
    const clock = fastClock(50);
    const addresses = [one.url, `${two.url}#wait=15`, 'http://no-such-host.invalid:8001'];
    const pool = await open(t, addresses, { clock });
    const began = clock.now();
    const ends = await Promise.allSettled(range(40).map((i) => pool.hear(i)));
    const took = clock.now() - began;
    for (const end of ends) {
      assert.ok(end.status === 'rejected');
      const { code, message, hint } = end.reason as EarshotError;
      assert.equal(code, 'worker_failed');
      assert.match(
        message,
        new RegExp(`${one.url} cannot be reached: connect ECONNREFUSED .* \\(tried for 10 s`),
      );
      assert.match(message, new RegExp(`${two.url} cannot be reached: .* \\(tried for 15 s`));
      assert.match(message, /http:\/\/no-such-host\.invalid:8001 cannot be reached: getaddrinfo E/);
      assert.match(hint ?? '', /#wait=300/);
    }
    assert.ok(took >= 15_000 && took < 60_000, `${took} ms`);
    const again = clock.now();
    await assert.rejects(pool.hear(9), { code: 'worker_failed', message: /none of the workers is there/ });
    assert.ok(clock.now() - again < 10_000);
  });

  test('a machine that boots gets the time that its address asks for', async (t) => {
    const booting = await stopped(t);
    const clock = fastClock(1000);
    const pool = await open(t, [`${booting.url}#wait=900`], { clock, pool: { ...CALM, patienceMs: 10_000 } });
    const heard = pool.hear(1);
    const began = clock.now();
    while (clock.now() - began < 120_000) await new Promise(setImmediate);
    await booting.restart();
    assert.equal(await heard, 'w1');
  });

  test('a worker that shows itself, with a 503, has as long as the patience', async (t) => {
    const waking = await worker(t, (got, response, count) =>
      count > 1 ? answer(got, response, count) : json(response, 503, {}, { 'retry-after': '60' }),
    );
    const clock = fastClock(1000);
    const pool = await open(t, [(await stopped(t)).url, waking.url], {
      clock,
      pool: { ...CALM, patienceMs: 180_000 },
    });
    const began = clock.now();
    assert.equal(await pool.hear(1), 'w1');
    assert.ok(clock.now() - began >= 60_000);
  });

  test('a worker that was there and has gone has as long as the patience', async (t) => {
    const one = await worker(t);
    const clock = fastClock(1000);
    const pool = await open(t, [one.url], { clock, pool: { ...CALM, patienceMs: 180_000 } });
    assert.equal(await pool.hear(1), 'w1');
    await one.stop();
    const heard = pool.hear(2);
    const began = clock.now();
    while (clock.now() - began < 60_000) await new Promise(setImmediate);
    await one.restart();
    assert.equal(await heard, 'w2');
  });
});

describe('ending', () => {
  test('abort in mid-flight: cancelled within a second, the socket closes, others go on', async (t) => {
    const arrived = Promise.withResolvers<void>();
    const one = await worker(t, (got, response, count) =>
      got.chunk === 1 ? arrived.resolve() : answer(got, response, count),
    );
    const pool = await open(t, [one.url]);
    const stop = new AbortController();
    const heard = pool.hear(1, stop.signal);
    await arrived.promise;
    const busy = [...one.sockets];
    const began = performance.now();
    stop.abort();
    await assert.rejects(heard, { code: 'cancelled' });
    while (busy.every((socket) => one.sockets.has(socket))) await new Promise(setImmediate);
    assert.ok(performance.now() - began < 1000);
    assert.equal(await pool.hear(2), 'w2');
    await assert.rejects(pool.hear(3, AbortSignal.abort()), { code: 'cancelled' });
  });

  test('close cancels what waits and what runs', async (t) => {
    const one = await worker(t, () => undefined);
    const pool = await open(t, [`${one.url}#slots=1`]);
    const ends = Promise.allSettled([pool.hear(1), pool.hear(2)]);
    while (one.got.length === 0) await new Promise(setImmediate);
    const [socket] = [...one.sockets].slice(-1);
    await pool.close();
    for (const end of await ends)
      assert.equal(end.status === 'rejected' && (end.reason as { code: string }).code, 'cancelled');
    if (socket && !socket.destroyed) await once(socket, 'close');
    await assert.rejects(pool.hear(3), { code: 'cancelled' });
  });
});
