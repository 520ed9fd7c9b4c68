import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SAMPLE_RATE } from '../../../../src/audio/waveform.ts';
import { classicDiarization } from '../../../../src/speech/diarization/classic/engine.ts';
import type { DiarizationOptions, DiarizationTrack } from '../../../../src/speech/diarization/diarization.ts';
import { speak, trackOf, type Line, type Truth } from '../voices.ts';

const AUTOMATIC: DiarizationOptions = {
  speakers: null,
  min: null,
  max: null,
  modelsDir: '/nowhere',
  pull: false,
};
const MEETING: Line[] = [0, 1, 2, 0, 2, 1, 0, 1, 2, 1, 0, 2].map((voice, i) => ({
  voice,
  pause: 0.6 + 0.1 * (i % 4),
  seconds: 2.2 + 0.4 * (i % 5),
}));

describe('classic diarization', () => {
  let folder: string;
  let meeting: DiarizationTrack;
  let truth: Truth[];
  let alone: DiarizationTrack;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'earshot-classic-'));
    const spoken = speak(MEETING);
    truth = spoken.truth;
    meeting = await trackOf(join(folder, 'meeting.wav'), spoken.samples, truth);
    const one = speak(MEETING.map((line) => ({ ...line, voice: 1 })));
    alone = await trackOf(join(folder, 'alone.wav'), one.samples, one.truth);
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const speakersIn = async (
    track: DiarizationTrack,
    count: Partial<DiarizationOptions> = {},
  ): Promise<number> => {
    const turns = await classicDiarization.diarize([track], { ...AUTOMATIC, ...count }, {});
    return new Set(turns.map((turn) => turn.speaker)).size;
  };

  it('finds who speaks when, and how many they are', async () => {
    const turns = await classicDiarization.diarize([meeting], AUTOMATIC, {});
    assert.deepEqual(
      turns.map((turn) => turn.speaker),
      truth.map(({ voice }) => `S${voice + 1}`),
    );
    turns.forEach((turn, i) => {
      assert.ok(
        Math.abs(turn.start - (truth[i] as Truth).start) <= 0.05,
        `turn ${i} starts at ${turn.start}`,
      );
      assert.ok(Math.abs(turn.end - (truth[i] as Truth).end) <= 0.08, `turn ${i} ends at ${turn.end}`);
      assert.equal(turn.channel, null);
    });
  });

  it('hears one speaker where there is one', async () => {
    assert.equal(await speakersIn(alone), 1);
  });

  it('finds no more speakers when the meeting is played again and again, over several blocks', async () => {
    const { samples } = speak(MEETING);
    const length = samples.length / SAMPLE_RATE;
    const looped = new Float32Array(samples.length * 15);
    for (let i = 0; i < 15; i++) looped.set(samples, i * samples.length);
    const later = Array.from({ length: 15 }, (_, i) =>
      truth.map(({ voice, start, end }) => ({ voice, start: start + i * length, end: end + i * length })),
    ).flat();
    assert.equal(await speakersIn(await trackOf(join(folder, 'looped.wav'), looped, later)), 3);
  });

  it('honours an exact number, at least and at most', async () => {
    for (const speakers of [1, 2, 3, 4]) assert.equal(await speakersIn(meeting, { speakers }), speakers);
    assert.equal(await speakersIn(meeting, { max: 2 }), 2);
    assert.equal(await speakersIn(meeting, { min: 4 }), 4);
    assert.equal(await speakersIn(meeting, { min: 1, max: 6 }), 3);
    assert.equal(await speakersIn(alone, { speakers: 2 }), 2);
  });

  it('gives the same turns every time', async () => {
    const first = await classicDiarization.diarize([meeting], AUTOMATIC, {});
    assert.deepEqual(await classicDiarization.diarize([meeting], AUTOMATIC, {}), first);
  });

  it('gives no turns where there is no speech, even when a number of speakers was asked for', async () => {
    const silence = await trackOf(join(folder, 'silence.wav'), new Float32Array(48_000), []);
    assert.deepEqual(await classicDiarization.diarize([silence], { ...AUTOMATIC, speakers: 2 }, {}), []);
    const mistaken = { ...silence, spans: [{ start: 0.5, end: 2 }] };
    assert.deepEqual(await classicDiarization.diarize([mistaken], AUTOMATIC, {}), []);
  });

  it('reports progress that never goes backwards and stops when it is told to', async () => {
    const seen: number[] = [];
    await classicDiarization.diarize([meeting], AUTOMATIC, { onProgress: (done) => seen.push(done) });
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.ok(seen.length > 0 && (seen.at(-1) as number) <= 1);
    await assert.rejects(classicDiarization.diarize([meeting], AUTOMATIC, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
  });

  it('knows a speaker again who comes back in a later block', async () => {
    // Two halves that are 400 s apart cannot be in one block.
    const { samples } = speak(MEETING);
    const second = truth[6] as Truth;
    const cut = Math.round((second.start - 0.3) * SAMPLE_RATE);
    const long = new Float32Array(samples.length + 400 * SAMPLE_RATE);
    long.set(samples.subarray(0, cut));
    long.set(samples.subarray(cut), cut + 400 * SAMPLE_RATE);
    const later = truth.map((turn) =>
      turn.start < second.start ? turn : { ...turn, start: turn.start + 400, end: turn.end + 400 },
    );
    const track = await trackOf(join(folder, 'long.wav'), long, later);
    const turns = await classicDiarization.diarize([track], AUTOMATIC, {});
    assert.deepEqual(
      turns.map((turn) => turn.speaker),
      later.map(({ voice }) => `S${voice + 1}`),
    );
  });
});
