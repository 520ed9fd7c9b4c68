import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releasing } from '../../src/util/releasing.ts';

test('what was opened is released last first, whatever fails', async () => {
  const log: string[] = [];
  const opened =
    (name: string, fails = false) =>
    async () => {
      log.push(name);
      await Promise.resolve();
      if (fails) throw new Error(name);
    };

  assert.equal(
    await releasing(async (later) => {
      later(opened('a'));
      later(opened('b'));
      log.push('work');
      return Promise.resolve(1);
    }),
    1,
  );
  assert.deepEqual(log.splice(0), ['work', 'b', 'a']);

  const failing = releasing(async (later) => {
    later(opened('a'));
    later(opened('b', true));
    later(opened('c', true));
    return Promise.resolve();
  });
  await assert.rejects(failing, /^Error: c$/);
  assert.deepEqual(
    log.splice(0),
    ['c', 'b', 'a'],
    'a release that fails does not keep the others from theirs',
  );

  const never = releasing(async (later) => {
    later(opened('a', true));
    await Promise.reject(new Error('the work'));
    later(opened('never'));
  });
  await assert.rejects(never, /the work/);
  assert.deepEqual(log, ['a']);
});
