import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InOrder } from '../../src/cli/in-order.ts';

test('each is told once all before it are; what waits for one that never ends is told at the end', async () => {
  const told: number[] = [];
  const order = new InOrder();
  const end = (index: number): Promise<void> =>
    order.ended(index, async () => {
      await Promise.resolve();
      told.push(index);
    });
  await end(1);
  assert.deepEqual(told, []);
  await end(0);
  assert.deepEqual(told, [0, 1]);
  await Promise.all([end(5), end(3), end(2)]);
  assert.deepEqual(told, [0, 1, 2, 3]);
  await order.rest();
  assert.deepEqual(told, [0, 1, 2, 3, 5]);
  await order.rest();
  assert.equal(told.length, 5);
});
