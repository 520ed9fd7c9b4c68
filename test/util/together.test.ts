import assert from 'node:assert/strict';
import { test } from 'node:test';
import { together } from '../../src/util/together.ts';

test('both results come back', async () => {
  const pair = await together(
    undefined,
    async () => 1,
    async () => 'two',
  );
  assert.deepEqual(pair, [1, 'two']);
});

for (const failing of ['first', 'second'] as const)
  test(`when the ${failing} fails the other is stopped and awaited, and the failure is thrown`, async () => {
    let ended = false;
    const fails = (): Promise<never> => Promise.reject(new Error('broken'));
    const lasts = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () =>
          setImmediate(() => {
            ended = true;
            resolve();
          }),
        );
      });
    const both = failing === 'first' ? together(undefined, fails, lasts) : together(undefined, lasts, fails);
    await assert.rejects(both, { message: 'broken' });
    assert.equal(ended, true);
  });

test('an abort from outside reaches both', async () => {
  const outer = new AbortController();
  const waits = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  const both = together(outer.signal, waits, waits);
  outer.abort();
  await assert.rejects(both, { name: 'AbortError' });
});
