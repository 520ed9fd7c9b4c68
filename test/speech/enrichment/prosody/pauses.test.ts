import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hopEnergies } from '../../../../src/speech/enrichment/prosody/energy.ts';
import { pausesOf } from '../../../../src/speech/enrichment/prosody/pauses.ts';
import type { Word } from '../../../../src/transcript/schema.ts';
import { concat, noise, segment, signal, voice } from '../signals.ts';

const word = (start: number, end: number): Word => ({
  text: 'a',
  start,
  end,
  confidence: null,
  speaker: null,
});
const energies = (samples: Float32Array): Float64Array => hopEnergies(samples, 160);
const speech = (seconds: number): Float32Array => signal(seconds, voice(150, 0.1));
const silence = (seconds: number): Float32Array => signal(seconds, noise(0.0005));

test('gaps between words are pauses from 200 ms on', () => {
  const words = [word(10, 10.5), word(10.8, 11), word(11.1, 11.5), word(12, 14)];
  assert.deepEqual(pausesOf(segment({ start: 10, end: 14, words }), energies(speech(4))), {
    count: 2,
    longest_ms: 500,
    density: 0.5,
  });
});

test('silence counts where words touch, and is not counted twice where they do not', () => {
  const samples = concat(speech(1), silence(0.5), speech(1), silence(0.1), speech(1.4));
  const touching = pausesOf(
    segment({ start: 0, end: 4, words: [word(0, 1.25), word(1.25, 4)] }),
    energies(samples),
  );
  assert.equal(touching.count, 1);
  assert.ok(Math.abs(touching.longest_ms - 500) <= 20, `${touching.longest_ms} ms`);
  const apart = pausesOf(segment({ start: 0, end: 4, words: [word(0, 1), word(1.5, 4)] }), energies(samples));
  assert.equal(apart.count, 1);
});

test('silence before the first word and after the last is no pause', () => {
  const samples = concat(silence(0.5), speech(1), silence(0.5));
  for (const words of [[word(0.5, 1.5)], []])
    assert.equal(pausesOf(segment({ start: 0, end: 2, words }), energies(samples)).count, 0);
});

test('silence alone has no pauses', () => {
  const nothing = { count: 0, longest_ms: 0, density: 0 };
  assert.deepEqual(pausesOf(segment({ start: 0, end: 2 }), energies(signal(2, () => 0))), nothing);
  assert.deepEqual(pausesOf(segment({ start: 1, end: 1 }), new Float64Array(0)), nothing);
});
