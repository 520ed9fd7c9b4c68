import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const MODULE = join(import.meta.dirname, '..', '..', 'src', 'util', 'young-generation.ts');

/** Bytes of the young generation of a process that keeps some of the much that it makes. */
function youngBytes(first: string): number {
  const script = `
    ${first}
    const kept = [];
    for (let i = 0; i < 3_000_000; i++) {
      const made = { a: i, b: [i, i + 0.5] };
      if (i % 4 === 0) kept[i % 400_000] = made;
    }
    const young = require('node:v8').getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    process.stdout.write(String(young.space_size));
  `;
  return Number(execFileSync(process.execPath, ['--eval', script], { encoding: 'utf8' }));
}

test('a young generation that is held stays small, whatever outlives it; left alone it grows', () => {
  const held = youngBytes(`require(${JSON.stringify(MODULE)}).holdYoungGeneration();`);
  const alone = youngBytes('');
  assert.ok(held <= 4 * 2 ** 20, `held: ${held} bytes`);
  assert.ok(alone >= 8 * held, `alone: ${alone} bytes, held: ${held}`);
});
