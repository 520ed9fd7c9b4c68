import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import {
  fetchDeliveries,
  handBackDelivery,
  settleDelivery,
  type Delivery,
} from '../../src/jobs/deliveries.ts';
import { deliveriesOf } from '../../src/jobs/delivery-state.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { ticketFor } from '../../src/jobs/tickets.ts';
import { PGLITE, testOnEach } from './backends.ts';
import { FAN, newJob, opened } from './fixture.ts';

const delivered = { state: 'delivered', delay: 0, status: 204, reason: 'the receiver answered 204' } as const;
const webhook = { url: 'https://example.com', secret: null };

async function next(jobs: Jobs): Promise<Delivery> {
  const [delivery, ...others] = await fetchDeliveries(jobs, 5);
  assert.ok(delivery);
  assert.deepEqual(others, []);
  return delivery;
}

testOnEach('a redelivery is the same message, the end of a retry is another', async (t, on) => {
  const { jobs } = await opened(t, on);
  const { job } = await jobs.submit(newJob({ webhook }));
  await jobs.cancel(job.id);
  const sent = async (): Promise<Pick<Delivery, 'message' | 'body'>> => {
    const delivery = await next(jobs);
    await settleDelivery(jobs, delivery, delivered);
    return { message: delivery.message, body: delivery.body };
  };
  const again = async (): Promise<Pick<Delivery, 'message' | 'body'>> => {
    assert.ok(await jobs.redeliver(job.id));
    return sent();
  };
  const first = await sent();
  assert.deepEqual(await again(), first);
  assert.deepEqual(await again(), first);

  assert.ok(await jobs.retry(job.id));
  await jobs.cancel(job.id);
  const second = await sent();
  assert.notEqual(second.message, first.message);
  assert.deepEqual(await again(), second);
  assert.deepEqual(
    (await deliveriesOf(jobs.db, job.id)).map(({ id, tries }) => [id, tries]),
    [first, first, first, second, second].map(({ message }) => [message, 1]),
  );
});

test('embedded: what was being sent when the process was killed is sent at once by the next', async (t) => {
  const { open } = await PGLITE.place();
  const dying = await Jobs.open(await open(), [FAN], () => undefined);
  const { job } = await dying.submit(newJob({ webhook }));
  await dying.cancel(job.id);
  const cut = await next(dying);
  await dying.close(); // its delivery is leased still

  const jobs = await Jobs.open(await open(), [FAN], () => undefined);
  t.after(() => jobs.close());
  const again = await next(jobs);
  assert.deepEqual([again.id, again.message, again.tries], [cut.id, cut.message, 0]);
  await settleDelivery(jobs, cut, delivered);
  assert.equal((await deliveriesOf(jobs.db, job.id))[0]?.state, 'pending', 'the dead one is not heard');
  await settleDelivery(jobs, again, delivered);
  assert.equal((await deliveriesOf(jobs.db, job.id))[0]?.state, 'delivered');
  assert.deepEqual(await fetchDeliveries(jobs, 5), []);
});

testOnEach('what is handed back can be fetched at once and was no try', async (t, on) => {
  const { jobs } = await opened(t, on);
  const { job } = await jobs.submit(newJob({ webhook }));
  await jobs.cancel(job.id);
  const cut = await next(jobs);
  await handBackDelivery(jobs, cut);
  const again = await next(jobs);
  assert.deepEqual([again.message, again.tries], [cut.message, 0]);
  await handBackDelivery(jobs, cut); // the lease is somebody else's by now
  assert.deepEqual(await fetchDeliveries(jobs, 5), []);
});

testOnEach('a queue knows when the next ticket that was put off here is due', async (t, on) => {
  const { jobs } = await opened(t, on);
  const { tickets, db } = jobs;
  assert.equal(tickets.untilNext('part', 60_000), 60_000);
  await tickets.add(db, 'part', [ticketFor(randomUUID(), 0, 3600), ticketFor(randomUUID(), 0, 30)]);
  await tickets.add(db, 'join', [ticketFor(randomUUID(), 0, 1)]);
  await tickets.add(db, 'part', [ticketFor(randomUUID(), 0)]);
  const ms = tickets.untilNext('part', 60_000);
  assert.ok(ms > 20_000 && ms <= 30_000, `${ms} ms`);
  assert.equal(tickets.untilNext('part', 2_000), 2_000);
});
