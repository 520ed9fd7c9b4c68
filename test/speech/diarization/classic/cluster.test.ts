import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cluster } from '../../../../src/speech/diarization/classic/cluster.ts';
import { expectedWithin, pairScores } from '../../../../src/speech/diarization/classic/scores.ts';
import { spectralPartitions } from '../../../../src/speech/diarization/classic/spectral.ts';
import { collect, type Statistics } from '../../../../src/speech/diarization/classic/statistics.ts';
import { priorOf } from '../../../../src/speech/diarization/classic/voice-model.ts';

const DIMENSIONS = 6;
const FREE = { atLeast: 1, atMost: Infinity };
const never = (): boolean => false;

/**
 * Pieces of speech as the engine collects them: 100 frames around the place of a voice, which differs in every dimension
 * and moves by `moods` from piece to piece.
 */
function pieces(voices: readonly number[], moods = 0.2, seed = 11): Statistics[] {
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  return voices.map((voice) => {
    const mood = Array.from({ length: DIMENSIONS }, () => moods * normal());
    const frames = Float32Array.from({ length: 100 * DIMENSIONS }, (_, i) => {
      const d = i % DIMENSIONS;
      return 3 * Math.sin(voice * (d + 1)) + (mood[d] as number) + normal();
    });
    return collect(
      frames,
      DIMENSIONS,
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
}

const TURNS = [0, 1, 2, 0, 0, 2, 1, 1, 0, 2, 2, 1, 0, 1, 2, 0, 1, 2];

describe('clustering of one block', () => {
  const items = pieces(TURNS);
  const prior = priorOf(items);

  it('finds whose piece is whose, and how many voices there are', () => {
    assert.deepEqual(cluster(items, prior, FREE, never), TURNS);
  });

  it('hears one voice where there is one, however often it speaks', () => {
    for (const count of [1, 2, 3, 12, 40]) {
      const alone = pieces(new Array<number>(count).fill(1));
      assert.deepEqual(new Set(cluster(alone, priorOf(alone), FREE, never)), new Set([0]), `${count} pieces`);
    }
  });

  it('does not take a moody voice for many where it would not be taken for two', () => {
    for (const seed of [7, 9, 17, 33]) {
      const moody = pieces(new Array<number>(7).fill(1), 0.7, seed);
      assert.deepEqual(new Set(cluster(moody, priorOf(moody), FREE, never)), new Set([0]), `seed ${seed}`);
    }
  });

  it('keeps to the least and the most that were asked for', () => {
    const found = (atLeast: number, atMost: number): number =>
      new Set(cluster(items, prior, { atLeast, atMost }, never)).size;
    assert.equal(found(1, 2), 2);
    assert.equal(found(5, Infinity), 5);
    assert.equal(found(12, 12), 12);
    assert.equal(found(100, 100), items.length);
  });
});

describe('spectral clustering', () => {
  it('does not give a group to one odd piece when asked for the voices', () => {
    const odd = [...TURNS, 9];
    const items = pieces(odd);
    const labels = spectralPartitions(pairScores(items, priorOf(items)), 3)(3);
    assert.deepEqual(labels.slice(0, TURNS.length), TURNS);
  });
});

describe('the expected score within a voice', () => {
  it('is the usual one when nothing is known and the median when much is', () => {
    assert.equal(expectedWithin([]), -12);
    const known = [...new Array<number>(500).fill(-5), ...new Array<number>(400).fill(1000)];
    assert.ok(Math.abs(expectedWithin(known) + 5) < 0.1);
  });
});
