import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameSpeakers } from '../../../src/speech/diarization/turns.ts';

const turn = (speaker: number, start: number, end: number, channel: number | null = null) => ({
  speaker,
  start,
  end,
  channel,
});

test('speakers are named by first appearance and turns come in order of start', () => {
  const named = nameSpeakers([turn(4, 3, 4), turn(9, 1, 2), turn(4, 0, 0.5)]);
  assert.deepEqual(
    named.map(({ speaker, start }) => [speaker, start]),
    [
      ['S1', 0],
      ['S2', 1],
      ['S1', 3],
    ],
  );
});

test('a short pause does not end a turn, a longer one does, and others may speak meanwhile', () => {
  const named = nameSpeakers([turn(0, 0, 2), turn(1, 1.9, 2.6), turn(0, 2.4, 3), turn(0, 3.6, 4)]);
  assert.deepEqual(named, [
    { speaker: 'S1', start: 0, end: 3, channel: null },
    { speaker: 'S2', start: 1.9, end: 2.6, channel: null },
    { speaker: 'S1', start: 3.6, end: 4, channel: null },
  ]);
});

test('turns of one speaker never overlap, whatever channel they were heard on; empty ones vanish', () => {
  const named = nameSpeakers([turn(0, 0, 2, 0), turn(0, 1, 3, 1), turn(1, 5, 5)]);
  assert.deepEqual(named, [{ speaker: 'S1', start: 0, end: 3, channel: null }]);
});
