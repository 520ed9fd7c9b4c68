import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { channelDiarization } from '../../../src/speech/diarization/channels.ts';
import type { DiarizationOptions, DiarizedTurn } from '../../../src/speech/diarization/diarization.ts';
import { speak, trackOf, type Truth } from './voices.ts';

const OPTIONS: DiarizationOptions = {
  speakers: null,
  min: null,
  max: null,
  modelsDir: '/nowhere',
  pull: false,
};

describe('diarization by channel', () => {
  let folder: string;
  // The second one interrupts the first from 3.5 to 4.5 s.
  const left = speak([
    { voice: 0, pause: 0.5, seconds: 4 },
    { voice: 0, pause: 4, seconds: 2 },
  ]);
  const right = speak([{ voice: 1, pause: 3.5, seconds: 4 }], 3.5);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'earshot-channels-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Every channel also hears the other at `bleed`, and VAD calls that speech. */
  async function diarize(bleed: number): Promise<DiarizedTurn[]> {
    const mix = (own: Float32Array, other: Float32Array): Float32Array =>
      own.map((value, i) => value + bleed * (other[i] ?? 0));
    const heard = (own: readonly Truth[], other: readonly Truth[]): Truth[] =>
      (bleed > 0 ? [...own, ...other] : [...own]).sort((a, b) => a.start - b.start);
    const tracks = [
      await trackOf(
        join(folder, 'left.wav'),
        mix(left.samples, right.samples),
        heard(left.truth, right.truth),
        0,
      ),
      await trackOf(
        join(folder, 'right.wav'),
        mix(right.samples, left.samples),
        heard(right.truth, left.truth),
        1,
      ),
    ];
    return channelDiarization.diarize(tracks, OPTIONS, {});
  }

  for (const [what, bleed] of [
    ['clean channels', 0],
    ['cross-talk at -26 dB', 0.05],
  ] as const)
    it(`gives each channel its speaker and keeps simultaneous speech: ${what}`, async () => {
      const turns = await diarize(bleed);
      assert.deepEqual(
        turns.map(({ speaker, channel }) => [speaker, channel]),
        [
          ['S1', 0],
          ['S2', 1],
          ['S1', 0],
        ],
      );
      const expected = [left.truth[0], right.truth[0], left.truth[1]] as Truth[];
      turns.forEach((turn, i) => {
        const { start, end } = expected[i] as Truth;
        assert.ok(
          Math.abs(turn.start - start) <= 0.1 && Math.abs(turn.end - end) <= 0.1,
          JSON.stringify(turn),
        );
      });
    });

  it('gives no speaker to a channel that only hears the other one', async () => {
    const faint = left.samples.map((value) => value * 0.03);
    const tracks = [
      await trackOf(join(folder, 'talks.wav'), left.samples, left.truth, 0),
      await trackOf(join(folder, 'listens.wav'), faint, left.truth, 1),
    ];
    const turns = await channelDiarization.diarize(tracks, OPTIONS, {});
    assert.deepEqual(new Set(turns.map((turn) => turn.channel)), new Set([0]));
  });

  it('stops when it is told to', async () => {
    const track = await trackOf(join(folder, 'stop.wav'), left.samples, left.truth, 0);
    await assert.rejects(channelDiarization.diarize([track], OPTIONS, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
  });
});
