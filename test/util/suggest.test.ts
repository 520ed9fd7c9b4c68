import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from '../../src/util/suggest.ts';

test('the nearest comes first, strangers do not come at all', () => {
  assert.deepEqual(nearest('fromats', ['formats', 'format', 'language']), ['formats', 'format']);
  assert.deepEqual(nearest('xyzzy', ['formats', 'language']), []);
});

test('insertions, deletions, substitutions and swaps count one each', () => {
  assert.equal(editDistance('abc', 'abc'), 0);
  assert.equal(editDistance('abc', 'acb'), 1);
  assert.equal(editDistance('abc', 'abcd'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});
