import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { sendWebhooks, type DeliveryOptions } from '../../src/handlers/deliveries.ts';
import { deliveriesOf, type DeliveryState } from '../../src/jobs/delivery-state.ts';
import { systemClock } from '../../src/util/clock.ts';
import { createWebhookSecret } from '../../src/util/webhook-signature.ts';
import { PGLITE } from '../jobs/backends.ts';
import { newJob, opened } from '../jobs/fixture.ts';
import { pause } from '../cli/serving.ts';

test('a webhook is tried again while it may help, given up when it cannot; one that the server cuts off as it stops is no try', async (t) => {
  const { jobs, errors } = await opened(t, PGLITE);
  const tried: string[] = [];
  const receiver = createServer((request, response) => {
    const path = request.url ?? '';
    tried.push(path);
    const nth = tried.filter((each) => each === path).length;
    if (path === '/slow' && nth === 1) return; // no answer
    const status = { '/late': nth < 3 ? 503 : 204, '/never': 500, '/gone': 410 }[path] ?? 200;
    response.writeHead(status).end();
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  t.after(() => (receiver.closeAllConnections(), receiver.close()));
  const base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;

  const delays: [number, number | null][] = [];
  const options: DeliveryOptions = {
    jobs,
    secret: createWebhookSecret(),
    allowPrivate: true,
    onError: (error) => errors.push(error),
    delayAfter: (tries, retryAfter) => (delays.push([tries, retryAfter]), tries < 3 ? 50 : null),
    clock: { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(100, signal) },
  };
  const ends = async (path: string, secret: string | null = null): Promise<string> => {
    const { job } = await jobs.submit(newJob({ webhook: { url: `${base}${path}`, secret } }));
    await jobs.cancel(job.id);
    return job.id;
  };
  const ids = [await ends('/late'), await ends('/never'), await ends('/gone'), await ends('/ok', 'whsec_')];
  const slow = await ends('/slow');

  const first = new AbortController();
  const second = new AbortController();
  t.after(() => (first.abort(), second.abort()));
  const sending = sendWebhooks(options, first.signal);
  const states: DeliveryState[] = [];
  for (const id of ids) states.push(await until(async () => (await deliveriesOf(jobs.db, id))[0] ?? null));
  assert.deepEqual(
    states.map(({ state, tries, status }) => [state, tries, status]),
    [
      ['delivered', 3, 204],
      ['gave_up', 3, 500],
      ['gave_up', 1, 410],
      ['gave_up', 1, null],
    ],
  );
  assert.match(states[3]?.reason ?? '', /secret/);
  assert.ok(states.every(({ endedAt }) => endedAt !== null));

  first.abort(); // one is still without an answer
  await sending;
  const [cutOff] = await deliveriesOf(jobs.db, slow);
  assert.deepEqual([cutOff?.state, cutOff?.tries, cutOff?.reason], ['pending', 0, null]);
  const leased = await jobs.db.query(`SELECT id FROM earshot_queue.job WHERE state = 'active'`);
  assert.deepEqual(leased, [], 'handed back');
  const again = sendWebhooks(options, second.signal);
  const late = await until(async () => (await deliveriesOf(jobs.db, slow))[0] ?? null);
  assert.deepEqual([late.state, late.tries], ['delivered', 1]);
  second.abort();
  await again;
  assert.deepEqual(errors, []);
});

test('the next try comes when its delay is over, not when the queue is asked the next time', async (t) => {
  const { jobs, errors } = await opened(t, PGLITE);
  const statuses = [503, 204];
  const receiver = createServer((_request, response) => response.writeHead(statuses.shift() ?? 500).end());
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  t.after(() => (receiver.closeAllConnections(), receiver.close()));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;

  const stop = new AbortController();
  t.after(() => stop.abort());
  const sending = sendWebhooks(
    {
      jobs,
      secret: createWebhookSecret(),
      allowPrivate: true,
      onError: (error) => errors.push(error),
      delayAfter: () => 400,
      // Whoever asks at intervals alone never asks again.
      clock: {
        ...systemClock,
        sleep: (ms, signal) => systemClock.sleep(ms > 500 ? 3_600_000 : ms, signal),
      },
    },
    stop.signal,
  );
  const { job } = await jobs.submit(newJob({ webhook: { url, secret: null } }));
  await jobs.cancel(job.id);
  const state = await until(async () => (await deliveriesOf(jobs.db, job.id))[0] ?? null);
  assert.deepEqual([state.state, state.tries], ['delivered', 2]);
  stop.abort();
  await sending;
  assert.deepEqual(errors, []);
});

async function until(look: () => Promise<DeliveryState | null>): Promise<DeliveryState> {
  for (const end = Date.now() + 20_000; ; await pause(50)) {
    const found = await look();
    if (found !== null && found.state !== 'pending') return found;
    assert.ok(Date.now() < end, JSON.stringify(found));
  }
}
