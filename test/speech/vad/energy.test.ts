import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWaveform } from '../../../src/audio/waveform.ts';
import { energyVad } from '../../../src/speech/vad/energy.ts';
import { cutLongSpans } from '../../../src/speech/vad/spans.ts';
import { babble, makeWaveform } from '../../support/media.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const file = join(folder, 'wave.wav');
/** Deterministic noise in [-1, 1). */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

test('sound between silences is found to within 40 ms', async () => {
  const speaks = (t: number): boolean => (t >= 1 && t < 3) || (t >= 5 && t < 6);
  const waveform = makeWaveform(file, 8, (t) => (speaks(t) ? babble(t) : 0));
  const spans = await energyVad.detect(waveform, {});
  assert.ok(Math.abs((spans[0]?.start ?? 9) - 1) < 0.04 && Math.abs((spans.at(-1)?.end ?? 9) - 6) < 0.14);
  assert.ok(spans.every((span) => speaks((span.start + span.end) / 2)));
});

for (const [name, sample] of [
  ['digital silence', () => 0],
  ['a tone', (t: number) => 0.3 * Math.sin(2 * Math.PI * 440 * t)],
  ['a tone between silences', (t: number) => (t > 1 && t < 3 ? 0.3 * Math.sin(2 * Math.PI * 440 * t) : 0)],
  ['steady noise', noise()],
  ['a burst of steady noise', ((hiss) => (t: number) => (t > 1 && t < 3 ? 0.1 * hiss() : 0))(noise())],
] as const)
  test(`${name} is not speech`, async () => {
    assert.deepEqual(await energyVad.detect(makeWaveform(file, 4, sample), {}), []);
  });

test('speech 15 dB above steady noise is found', async () => {
  const hiss = noise();
  const waveform = makeWaveform(file, 6, (t) => 0.02 * hiss() + (t >= 2 && t < 4 ? babble(t) : 0));
  const spans = await energyVad.detect(waveform, {});
  assert.ok(spans.length > 0);
  assert.ok(spans.every((span) => span.start > 1.9 && span.end < 4.1));
});

test('a span that is too long is cut where it is quietest', async () => {
  const waveform = makeWaveform(file, 10, (t) => (t > 6 && t < 6.2 ? 0 : babble(t)));
  const reader = await openWaveform(waveform);
  const pieces = await cutLongSpans([{ start: 0, end: 10 }], reader, 8).finally(() => reader.close());
  assert.equal(pieces.length, 2);
  assert.ok(Math.abs((pieces[0]?.end ?? 0) - 6.1) < 0.1);
  assert.equal(pieces[0]?.end, pieces[1]?.start);
});

test('an abort stops the work', async () => {
  const waveform = makeWaveform(file, 2, babble);
  await assert.rejects(energyVad.detect(waveform, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
