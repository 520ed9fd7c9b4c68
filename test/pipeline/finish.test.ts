import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { finish } from '../../src/pipeline/finish.ts';
import type { Plan, Track } from '../../src/pipeline/plan.ts';
import { babble, makeWaveform } from '../support/media.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const left = makeWaveform(join(folder, 'track-1.wav'), 2, babble);

const plan = (...tracks: Track[]): Plan => ({
  schema: 'earshot.plan/1',
  source: {
    ...{ name: 'call.wav', sha256: '', bytes: 1, container: 'wav', codec: 'pcm_s16le' },
    ...{ sample_rate: 16_000, channels: 2, duration: 2 },
  },
  ...{ vad: { engine: 'energy', model: null }, tracks, chunks: [], gaps: [], warnings: [] },
});
const track = (channel: number, samples: number): Track => ({
  channel,
  waveform: { path: join(folder, `track-${channel + 1}.wav`), samples, duration: samples / 16_000 },
  spans: [],
});
const finished = (made: Plan) =>
  finish(
    made,
    [],
    { turns: [], stage: { status: 'skipped', engine: null, model: null, device: null, seconds: null } },
    { language: 'en', enrich: ['prosody'], modelsDir: folder, modelBaseUrl: null, pull: false },
    {},
  );

test('a track whose waveform is not there is named', async () => {
  await assert.rejects(finished(plan(track(0, left.samples), track(1, left.samples))), {
    code: 'recording_unreadable',
    message: /track-2\.wav of the recording is not there/,
  });
});

test('a track that gave no sample costs nothing', async () => {
  const body = await finished(plan(track(0, left.samples), track(1, 0)));
  assert.deepEqual(body.segments, []);
});
