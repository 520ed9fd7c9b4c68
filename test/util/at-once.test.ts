import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../src/util/at-once.ts';

test('as much at once as there are cores and memory for, and one at least', () => {
  assert.equal(atOnce(100e6, 8, 16e9), 8);
  assert.equal(atOnce(100e6, 64, 1e9), 7);
  assert.equal(atOnce(100e6, 8, 50e6), 1);
  assert.ok(atOnce(1) >= 1, 'this machine');
  assert.equal(atOnce(2 ** 60), 1, 'no machine has this much');
});
