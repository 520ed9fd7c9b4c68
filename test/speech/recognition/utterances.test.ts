import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_RATE } from '../../../src/audio/waveform.ts';
import { cutUtterances } from '../../../src/speech/recognition/utterances.ts';
import { babble } from '../../support/media.ts';

/** A chunk that babbles in the given [start, end) seconds and has steady noise of this level throughout. */
function chunk(seconds: number, spoken: readonly (readonly [number, number])[], noise = 0): Float32Array {
  return Float32Array.from({ length: seconds * SAMPLE_RATE }, (_, i) => {
    const t = i / SAMPLE_RATE;
    const speech = spoken.some(([start, end]) => t >= start && t < end) ? babble(t) : 0;
    return speech + noise * Math.sin(i * i); // as good as white, and the same each time
  });
}

const seconds = (samples: Float32Array): number[][] =>
  cutUtterances(samples).map(({ start, end }) => [start / SAMPLE_RATE, end / SAMPLE_RATE]);

test('utterances end in pauses of half a second or more', () => {
  // Pauses of 0.3 s (within a sentence), 1 s, 1 s and 0.6 s.
  const spoken = [[1, 3], [3.3, 5], [6, 9], [10, 12], [12.6, 14]] as const; // prettier-ignore
  for (const noise of [0, 0.01]) {
    const found = seconds(chunk(16, spoken, noise));
    assert.equal(found.length, 4);
    const wanted = [[0.6, 5.4], [5.6, 9.4], [9.6, 12.3], [12.3, 14.4]]; // prettier-ignore
    for (const [i, range] of found.entries())
      for (const [j, at] of range.entries())
        assert.ok(
          Math.abs(at - (wanted[i]?.[j] as number)) <= 0.11,
          `${found.join(' | ')} with noise ${noise}`,
        );
  }
});

test('a talk without pauses is one utterance, however long', () => {
  assert.deepEqual(seconds(chunk(20, [[0, 20]])), [[0, 20]]);
});

test('a chunk that is one short word is kept whole', () => {
  assert.deepEqual(seconds(chunk(1, [[0.4, 0.7]])), [[0, 1]]);
});

test('silence and steady noise have no utterance', () => {
  assert.deepEqual(seconds(chunk(2, [])), []);
  assert.deepEqual(seconds(chunk(2, [], 0.01)), []);
  assert.deepEqual(seconds(chunk(2, [[0.5, 1.5]], 0).map((sample) => sample / 10_000)), []);
});
