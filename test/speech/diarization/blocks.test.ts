import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_SECONDS, blocksOf } from '../../../src/speech/diarization/blocks.ts';

const meeting = (seconds: number): { start: number; end: number }[] =>
  Array.from({ length: Math.floor(seconds / 5) }, (_, i) => ({ start: i * 5 + 0.5, end: i * 5 + 4.5 }));

test('blocks hold every span once, whole, in order, and are no longer than they should be', () => {
  const spans = meeting(3600);
  const blocks = blocksOf(spans, 3600);
  assert.deepEqual(
    blocks.flatMap((block) => block.spans),
    spans,
  );
  for (const block of blocks) {
    assert.ok(block.end - block.start <= BLOCK_SECONDS + 61, `${block.start} to ${block.end}`);
    for (const span of block.spans) assert.ok(span.start >= block.start && span.end <= block.end);
  }
  assert.ok(blocks.length >= 11 && blocks.length <= 13);
});

test('ten times the recording is ten times the blocks', () => {
  const one = blocksOf(meeting(3600), 3600).length;
  const ten = blocksOf(meeting(36_000), 36_000).length;
  assert.ok(Math.abs(ten - 10 * one) <= 10);
});

test('a short recording is one block, a short rest is not cut off, and no speech is no block', () => {
  assert.equal(blocksOf(meeting(60), 60).length, 1);
  assert.equal(blocksOf(meeting(340), 340).length, 1);
  assert.deepEqual(blocksOf([], 3600), []);
});

test('a span longer than a block is cut; the pieces touch', () => {
  const blocks = blocksOf([{ start: 10, end: 1210 }], 1220);
  const pieces = blocks.flatMap((block) => block.spans);
  assert.equal(pieces[0]?.start, 10);
  assert.equal(pieces.at(-1)?.end, 1210);
  pieces.slice(1).forEach((piece, i) => assert.equal(piece.start, pieces[i]?.end));
  for (const block of blocks) assert.ok(block.end - block.start <= BLOCK_SECONDS + 61);
});

test('a long silence is not read', () => {
  const blocks = blocksOf(
    [
      { start: 1, end: 5 },
      { start: 30_000, end: 30_005 },
    ],
    36_000,
  );
  assert.ok(
    blocks.every((block) => block.end - block.start < 400),
    JSON.stringify(blocks),
  );
});
