import assert from 'node:assert/strict';
import { fetchDeliveries, settleDelivery, type Delivery } from '../../src/jobs/deliveries.ts';
import { deliveriesOf } from '../../src/jobs/delivery-state.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { testOnEach } from './backends.ts';
import { newJob, opened } from './fixture.ts';

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
