import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SAMPLE_RATE } from '../../../src/audio/waveform.ts';
import { speechRegions } from '../../../src/speech/diarization/activity.ts';
import { frameLevels } from '../../../src/speech/diarization/levels.ts';

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

  it('are finite in digital silence', () => {
    assert.ok(frameLevels(new Float32Array(4000)).every((level) => level === -100));
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
