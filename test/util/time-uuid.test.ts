import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { timeUuid } from '../../src/util/time-uuid.ts';

test('a UUID of version 7 tells its time, and later ones sort later', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0x0123456789ab });
  const first = timeUuid();
  assert.match(first, /^01234567-89ab-7/);
  t.mock.timers.tick(1);
  const later = timeUuid();
  assert.ok(first < later);
  for (const id of [first, later]) assert.equal(z.uuidv7().parse(id), id);
  assert.notEqual(timeUuid(), later);
});
