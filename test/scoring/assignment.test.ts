import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../../samples/noise.ts';
import { bestAssignment } from '../../src/scoring/assignment.ts';

test('no assignment weighs more, of all there are', () => {
  const next = random(3);
  for (let round = 0; round < 300; round++) {
    const size = (): number => 1 + Math.floor(((next() + 1) / 2) * 5);
    const columns = size();
    const weights = Array.from({ length: size() }, () =>
      Array.from({ length: columns }, () => Math.max(0, Math.round(next() * 10))),
    );
    const assignment = bestAssignment(weights);
    const taken = assignment.filter((column) => column !== null);
    assert.equal(new Set(taken).size, taken.length);
    const total = assignment.reduce<number>(
      (sum, column, row) => sum + (weights[row]?.[column ?? -1] ?? 0),
      0,
    );
    assert.equal(total, heaviest(weights, 0, new Set()), JSON.stringify(weights));
  }
});

test('a row that gains nothing is left alone', () => {
  assert.deepEqual(
    bestAssignment([
      [0, 5],
      [0, 0],
    ]),
    [1, null],
  );
  assert.deepEqual(bestAssignment([[1], [3], [2]]), [null, 0, null]);
  assert.deepEqual(bestAssignment([]), []);
  assert.deepEqual(bestAssignment([[], []]), [null, null]);
});

function heaviest(weights: readonly (readonly number[])[], row: number, taken: ReadonlySet<number>): number {
  const options = weights[row];
  if (!options) return 0;
  const without = heaviest(weights, row + 1, taken);
  const totals = options.map((weight, column) =>
    taken.has(column) ? 0 : weight + heaviest(weights, row + 1, new Set([...taken, column])),
  );
  return Math.max(without, ...totals);
}
