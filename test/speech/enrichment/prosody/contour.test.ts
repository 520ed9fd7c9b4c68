import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contourOf } from '../../../../src/speech/enrichment/prosody/contour.ts';
import { trackPitch } from '../../../../src/speech/enrichment/prosody/pitch-track.ts';
import { noise, signal, sweep } from '../signals.ts';

const contour = (hz: (time: number) => number, seconds = 2): string => {
  const [tone, hiss] = [sweep(hz, 0.1), noise(0.005)];
  return contourOf(trackPitch(signal(seconds, (time) => tone(time) + hiss())));
};

test('sweeps rise and fall, a steady tone is flat', () => {
  assert.equal(
    contour((time) => 120 + 40 * time),
    'rising',
  );
  assert.equal(
    contour((time) => 200 - 40 * time),
    'falling',
  );
  assert.equal(
    contour(() => 150),
    'flat',
  );
});

test('the end decides: a question rises after a falling start', () => {
  assert.equal(
    contour((time) => (time < 1.3 ? 180 - 40 * time : 128 + 120 * (time - 1.3))),
    'rising',
  );
});

test('a slow movement over a long segment is still one, vibrato is not', () => {
  assert.equal(
    contour((time) => 120 + 10 * time, 6),
    'rising',
  );
  assert.equal(
    contour((time) => 160 + 3 * Math.sin(2 * Math.PI * 5 * time)),
    'flat',
  );
});

test('frames an octave off and too few frames do not make a movement', () => {
  const track = new Float64Array(80).fill(150);
  for (const frame of [70, 71, 74, 79]) track[frame] = 300;
  assert.equal(contourOf(track), 'flat');
  assert.equal(contourOf(Float64Array.of(0, 100, 150, 200, 0)), 'flat');
  assert.equal(contourOf(new Float64Array(0)), 'flat');
});
