import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackPitch } from '../../../../src/speech/enrichment/prosody/pitch-track.ts';
import { concat, noise, signal, sine, sweep, voice } from '../signals.ts';

const voiced = (track: Float64Array): number[] => [...track].filter((hz) => hz > 0);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

test('a tone of 150 Hz is found within 1 Hz in every frame', () => {
  for (const tone of [sine(150, 0.1), voice(150, 0.1)]) {
    const track = trackPitch(signal(1, tone));
    assert.equal(track.length, 97);
    for (const hz of track) assert.ok(Math.abs(hz - 150) <= 1, `${hz} Hz`);
  }
});

test('tones from 61 to 499 Hz are found within half a percent, never an octave off', () => {
  for (let hz = 61; hz < 500; hz *= 1.09)
    for (const tone of [sine(hz, 0.05), voice(hz, 0.05)]) {
      const track = trackPitch(signal(0.3, tone));
      for (const found of track) assert.ok(Math.abs(found / hz - 1) < 0.005, `${found} Hz for ${hz} Hz`);
    }
});

test('noise 10 dB below the tone moves the mean by less than 1 Hz', () => {
  for (const hz of [80, 150, 220, 330]) {
    const [tone, hiss] = [sine(hz, 0.1), noise(0.1 / Math.SQRT2 / Math.sqrt(10))];
    const track = trackPitch(signal(2, (time) => tone(time) + hiss()));
    assert.ok(voiced(track).length > 0.95 * track.length);
    assert.ok(Math.abs(mean(voiced(track)) - hz) < 1, `${mean(voiced(track))} Hz for ${hz} Hz`);
  }
});

test('silence, an offset and noise have no pitch', () => {
  assert.deepEqual(voiced(trackPitch(signal(1, () => 0))), []);
  assert.deepEqual(voiced(trackPitch(signal(1, () => 0.3))), []);
  const hiss = trackPitch(signal(10, noise(0.1)));
  assert.ok(voiced(hiss).length < 0.02 * hiss.length, `${voiced(hiss).length} of ${hiss.length} frames`);
});

test('a voice without its fundamental, as on the telephone, keeps its pitch', () => {
  const telephone = signal(0.5, (time) => {
    let value = 0;
    for (let h = 3; h * 120 < 3400; h++) value += Math.sin(2 * Math.PI * h * 120 * time + h) * 0.02;
    return value;
  });
  for (const hz of trackPitch(telephone)) assert.ok(Math.abs(hz - 120) < 1, `${hz} Hz`);
});

test('a sweep is followed frame by frame', () => {
  const at = (time: number): number => 120 * 2 ** (time / 2);
  const track = trackPitch(signal(2, sweep(at, 0.1)));
  track.forEach((hz, frame) => {
    const truth = at(frame * 0.01 + 0.02);
    assert.ok(Math.abs(hz / truth - 1) < 0.01, `${hz} Hz for ${truth} Hz`);
  });
});

test('voice between silences is voiced there and nowhere else', () => {
  const quiet = signal(0.5, noise(0.0002));
  const track = trackPitch(concat(quiet, signal(0.5, voice(200, 0.1)), quiet));
  const frames = [...track.keys()].filter((frame) => (track[frame] as number) > 0);
  assert.ok(Math.abs((frames[0] as number) - 48) <= 3, `from ${frames[0]}`);
  assert.ok(Math.abs((frames.at(-1) as number) - 98) <= 3, `to ${frames.at(-1)}`);
  assert.equal(frames.length, (frames.at(-1) as number) - (frames[0] as number) + 1);
});

test('less than one frame gives no values', () => {
  assert.equal(trackPitch(new Float32Array(0)).length, 0);
  assert.equal(trackPitch(new Float32Array(639)).length, 0);
  assert.equal(trackPitch(new Float32Array(640)).length, 1);
});
