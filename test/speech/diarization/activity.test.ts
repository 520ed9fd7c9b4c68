import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SAMPLE_RATE } from '../../../src/audio/waveform.ts';
import { speechRegions, withoutRumble } from '../../../src/speech/diarization/activity.ts';
import { frameLevels, rumbleLevels } from '../../../src/speech/diarization/levels.ts';

const tone = (hz: number, amplitude: number, seconds: number): Float32Array =>
  Float32Array.from(
    { length: seconds * SAMPLE_RATE },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE),
  );
const middle = (levels: Float32Array): number => levels[levels.length >> 1] as number;

describe('levels of the speech band', () => {
  it('are dBFS for speech and far lower for rumble of the same power', () => {
    assert.ok(Math.abs(middle(frameLevels(tone(1000, 0.1, 1))) + 23) < 0.2);
    assert.ok(middle(frameLevels(tone(60, 0.1, 1))) < -23 - 25);
    assert.ok(Math.abs(middle(frameLevels(tone(300, 0.1, 1))) + 26) < 0.2, 'half the power at the edge');
  });

  it('are told for the rumble below it, too', () => {
    assert.ok(Math.abs(middle(rumbleLevels(tone(100, 0.1, 1))) + 23.3) < 0.2);
    assert.ok(middle(rumbleLevels(tone(1000, 0.1, 1))) < -23 - 25);
    assert.ok(Math.abs(middle(rumbleLevels(tone(200, 0.1, 1))) + 26) < 0.2, 'half the power at the edge');
  });

  it('are finite in digital silence', () => {
    assert.ok(frameLevels(new Float32Array(4000)).every((level) => level === -100));
    assert.ok(rumbleLevels(new Float32Array(4000)).every((level) => level === -100));
  });
});

describe('regions of speech', () => {
  /** Seconds at a level, in dB, one after another. */
  const levelsOf = (...parts: readonly (readonly [number, number])[]): Float32Array =>
    Float32Array.from(parts.flatMap(([seconds, level]) => new Array<number>(seconds * 100).fill(level)));

  it('end at pauses, not in them, and leave out what is far away', () => {
    const levels = levelsOf([2, -80], [2, -30], [0.1, -80], [1, -30], [1, -80], [1, -60], [1, -80]);
    const regions = speechRegions(levels, [{ from: 100, to: levels.length }]);
    assert.deepEqual(regions, [{ from: 200, to: 510 }]);
  });

  it('keep a quieter speaker, and a quiet recording', () => {
    const levels = levelsOf([2, -90], [2, -50], [1, -90], [1, -65], [1, -90]);
    assert.equal(speechRegions(levels, [{ from: 0, to: levels.length }]).length, 2);
  });

  it('are none without spans or frames', () => {
    assert.deepEqual(speechRegions(levelsOf([1, -30]), []), []);
    assert.deepEqual(speechRegions(new Float32Array(0), []), []);
  });
});

describe('rumble', () => {
  const quiet = new Float32Array(SAMPLE_RATE);
  const sum = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value + (b[i] ?? 0));
  const heard = (sound: Float32Array): { all: number; kept: number } => {
    const samples = Float32Array.from([...quiet, ...sound, ...quiet]);
    const levels = frameLevels(samples);
    const regions = speechRegions(levels, [{ from: 0, to: levels.length }]);
    return { all: regions.length, kept: withoutRumble(regions, levels, rumbleLevels(samples)).length };
  };

  it('is no speech, however loud it is', () => {
    for (const hz of [60, 100, 150])
      assert.deepEqual(heard(tone(hz, 0.3, 1)), { all: 1, kept: 0 }, `${hz} Hz`);
  });

  it('does not take the speech on top of it away, nor a low voice', () => {
    assert.deepEqual(heard(sum(tone(80, 0.1, 1), tone(700, 0.05, 0.2))), { all: 1, kept: 1 });
    assert.deepEqual(heard(sum(tone(110, 0.1, 1), tone(550, 0.05, 1))), { all: 1, kept: 1 });
  });

  it('is not the hum that goes on all the time, from which speech stands out', () => {
    const samples = sum(tone(50, 0.3, 3), Float32Array.from([...quiet, ...tone(700, 0.01, 1), ...quiet]));
    const levels = frameLevels(samples);
    const voice = [{ from: 100, to: 200 }];
    assert.deepEqual(withoutRumble(voice, levels, rumbleLevels(samples)), voice);
  });
});
