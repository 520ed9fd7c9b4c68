import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarshotError } from '../../../src/errors.ts';
import { chooseDiarization, DIARIZATION_ENGINES } from '../../../src/speech/diarization/index.ts';
import type {
  DiarizationEngine,
  DiarizationOptions,
  DiarizationTrack,
} from '../../../src/speech/diarization/diarization.ts';

const OPTIONS: DiarizationOptions = {
  speakers: null,
  min: null,
  max: null,
  modelsDir: '/nowhere',
  pull: false,
};
const track = (channel: number | null): DiarizationTrack => ({
  waveform: { path: '/nowhere.wav', samples: 16_000, duration: 1 },
  channel,
  spans: [],
});

const engines = (
  pyannoteIsReady: boolean,
  fetch: () => Promise<void> = () => Promise.resolve(),
): DiarizationEngine[] =>
  DIARIZATION_ENGINES.map((engine) =>
    engine.name !== 'pyannote'
      ? engine
      : {
          ...engine,
          fetch,
          check: () =>
            Promise.resolve(
              pyannoteIsReady
                ? { ok: true, model: 'some model', device: 'cpu' }
                : { ok: false, reason: 'its model is not here', fix: 'earshot models pull it' },
            ),
        },
  );

test('auto takes the channels when there are several, and that is no fallback', async () => {
  const choice = await chooseDiarization('auto', [track(0), track(1)], OPTIONS, engines(true));
  assert.deepEqual([choice.engine.name, choice.model, choice.fallback], ['channels', null, null]);
});

test('auto takes pyannote for one track when it is ready', async () => {
  const choice = await chooseDiarization('auto', [track(null)], OPTIONS, engines(true));
  assert.deepEqual([choice.engine.name, choice.model, choice.fallback], ['pyannote', 'some model', null]);
});

test('auto falls back to classic when the models of pyannote cannot be pulled', async () => {
  const offline = (): Promise<void> => Promise.reject(new EarshotError('download_failed', 'no network'));
  const choice = await chooseDiarization('auto', [track(null)], OPTIONS, engines(true, offline));
  assert.equal(choice.engine.name, 'classic');
  assert.match(choice.fallback ?? '', /pyannote: no network/);
});

test('auto falls back to classic and says why and what would help', async () => {
  const choice = await chooseDiarization('auto', [track(null)], OPTIONS, engines(false));
  assert.equal(choice.engine.name, 'classic');
  assert.match(choice.fallback ?? '', /its model is not here.*earshot models pull it/);
});

test('an engine asked for by name is taken, or refused with the reason; an unknown one is a usage error', async () => {
  const classic = await chooseDiarization('classic', [track(0), track(1)], OPTIONS, engines(false));
  assert.deepEqual([classic.engine.name, classic.fallback], ['classic', null]);
  await assert.rejects(chooseDiarization('pyannote', [track(null)], OPTIONS, engines(false)), {
    code: 'engine_unavailable',
    hint: 'earshot models pull it',
  });
  await assert.rejects(chooseDiarization('nobody' as 'auto', [track(null)], OPTIONS, engines(true)), {
    code: 'usage',
  });
});

test('without its models pyannote is not ready, and says what to pull', async () => {
  const pyannote = DIARIZATION_ENGINES.find((engine) => engine.name === 'pyannote');
  const state = await pyannote?.check(OPTIONS);
  assert.equal(state?.ok, false);
  assert.match(state?.ok === false ? (state.fix ?? '') : '', /^(earshot models pull|npm install) /);
});
