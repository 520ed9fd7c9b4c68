import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clearSpeech,
  parseSegments,
  wantedInstead,
} from '../../../../src/speech/diarization/pyannote/protocol.ts';

test('segments are ordered, renumbered by first appearance, and empty ones dropped', () => {
  const answer = [
    { start: 4, end: 5, speaker: 0 },
    { start: 1, end: 3, speaker: 7 },
    { start: 2, end: 2, speaker: 3 },
  ];
  assert.deepEqual(parseSegments(answer), [
    { start: 1, end: 3, speaker: 0 },
    { start: 4, end: 5, speaker: 1 },
  ]);
  assert.deepEqual(parseSegments([]), []);
});

test('what is no list of segments is refused', () => {
  for (const answer of [undefined, null, 'x', [{ start: 'a' }], [{ start: -1, end: 1, speaker: 0 }]])
    assert.throws(() => parseSegments(answer));
});

test('another number of speakers is asked for only when the first answer is out of bounds', () => {
  const count = (speakers: number | null, min: number | null, max: number | null) => ({ speakers, min, max });
  assert.equal(wantedInstead(3, null), null);
  assert.equal(wantedInstead(3, count(null, null, null)), null);
  assert.equal(wantedInstead(3, count(2, null, null)), 2);
  assert.equal(wantedInstead(3, count(3, null, null)), null);
  assert.equal(wantedInstead(3, count(null, 4, null)), 4);
  assert.equal(wantedInstead(3, count(null, 1, 2)), 2);
});

test('a voice is learned from where nobody else speaks, longest part first', () => {
  const segments = [
    { start: 0, end: 4, speaker: 0 },
    { start: 1, end: 2, speaker: 1 },
    { start: 3.95, end: 5, speaker: 1 },
  ];
  assert.deepEqual(clearSpeech(segments, 0), [
    { start: 2, end: 3.95 },
    { start: 0, end: 1 },
  ]);
  const covered = [
    { start: 1, end: 2, speaker: 0 },
    { start: 0, end: 3, speaker: 1 },
  ];
  assert.deepEqual(clearSpeech(covered, 0), [{ start: 1, end: 2 }]);
});
