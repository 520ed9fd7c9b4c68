import assert from 'node:assert/strict';
import { test } from 'node:test';
import { totalmem } from 'node:os';
import { availableMemory, keptFilesOf } from '../../src/util/available-memory.ts';

test('there is some memory left, and no more than the machine has', () => {
  assert.ok(availableMemory() > 0 && availableMemory() <= totalmem());
});

test('files that are only kept at hand are found in a container\u2019s account', () => {
  const account = 'anon 100\nfile 900\ninactive_file 300\nactive_file 50\nunevictable 7\n';
  assert.equal(keptFilesOf(account, /^(?:in)?active_file (\d+)$/gm), 350);
});
