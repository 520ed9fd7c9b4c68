import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkPrints } from '../../../../src/speech/diarization/pyannote/link.ts';

/** Prints of three people, each heard a little differently in every block. */
const print = (person: number, block: number): Float32Array =>
  Float32Array.from({ length: 3 }, (_, i) => (i === person ? 10 : ((person + block + i) % 3) - 1));

const link = (
  people: readonly number[],
  count: { speakers?: number; min?: number; max?: number } = {},
): number[] => {
  const linker = linkPrints({ speakers: null, min: null, max: null, ...count });
  people.forEach((person, block) => linker.add(print(person, block)));
  return linker.speakers();
};

test('a speaker who comes back in a later block is known again', () => {
  assert.deepEqual(link([0, 1, 2, 1, 0, 2]), [0, 1, 2, 1, 0, 2]);
});

test('the number of speakers is honoured: exact, at least, at most', () => {
  assert.equal(new Set(link([0, 1, 2, 0], { speakers: 2 })).size, 2);
  assert.equal(new Set(link([0, 1, 2, 0], { speakers: 4 })).size, 4);
  assert.equal(new Set(link([0, 0, 0], { min: 2 })).size, 2);
  assert.equal(new Set(link([0, 1, 2], { max: 1 })).size, 1);
  assert.equal(new Set(link([0, 1, 2, 0], { min: 1, max: 5 })).size, 3);
});

test('ten hours of blocks keep their speakers', () => {
  const people = Array.from({ length: 480 }, (_, i) => (i * 2) % 3);
  const speakers = link(people);
  people.forEach((person, i) => assert.equal(speakers[i], speakers[people.indexOf(person)]));
  assert.equal(new Set(speakers).size, 3);
});
