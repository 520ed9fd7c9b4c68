import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batched } from '../../src/util/batched.ts';

test('calls that come close together go together, each with its own answer', async () => {
  const groups: number[][] = [];
  const double = batched(async (items: readonly number[]) => {
    groups.push([...items]);
    return Promise.resolve(items.map((item) => 2 * item));
  }, 3);
  const soon = new Promise<number>((resolve) => setImmediate(() => resolve(double(4))));
  assert.deepEqual(await Promise.all([double(1), double(2), soon, double(3)]), [2, 4, 8, 6]);
  assert.deepEqual(groups, [[1, 2, 3], [4]]);
});

test('calls that come while it is busy are the next group', async () => {
  const groups: number[][] = [];
  const free = Promise.withResolvers<void>();
  const busy = Promise.withResolvers<void>();
  const same = batched(async (items: readonly number[]) => {
    groups.push([...items]);
    busy.resolve();
    await free.promise;
    return items;
  }, 10);
  const first = same(1);
  await busy.promise;
  const others = [same(2), same(3)];
  free.resolve();
  assert.deepEqual(await Promise.all([first, ...others]), [1, 2, 3]);
  assert.deepEqual(groups, [[1], [2, 3]]);
});

test('a bad one fails alone', async () => {
  const run = batched(async (items: readonly number[]) => {
    if (items.includes(0)) throw new Error('zero');
    return Promise.resolve(items);
  }, 10);
  const [one, zero, two] = await Promise.allSettled([run(1), run(0), run(2)]);
  assert.deepEqual([one?.status, zero?.status, two?.status], ['fulfilled', 'rejected', 'fulfilled']);
});
