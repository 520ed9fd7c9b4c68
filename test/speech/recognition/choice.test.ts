import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarshotError } from '../../../src/errors.ts';
import { pocketsphinx } from '../../../src/speech/recognition/pocketsphinx.ts';
import { chooseRecognition, RECOGNITION_ENGINES } from '../../../src/speech/recognition/index.ts';
import type {
  Availability,
  RecognitionEngine,
  RecognitionOptions,
} from '../../../src/speech/recognition/recognition.ts';

const OPTIONS: RecognitionOptions = {
  ...{ model: null, language: 'auto', task: 'transcribe', jobs: null, pull: false, modelsDir: '/nowhere' },
  ...{ workers: [], scratchDir: '/nowhere' },
};

function engine(name: string, availability: Availability, opens = true): RecognitionEngine {
  return {
    name,
    chunking: { target: 30, max: 60 },
    check: async () => availability,
    open: async () => {
      if (!opens)
        throw new EarshotError('model_missing', 'the network is down', {
          hint: '--no-pull takes what is here',
        });
      return {
        ...{ engine: name, model: null, device: 'cpu', concurrency: 1 },
        recognize: async () => ({ words: [], language: { code: null, confidence: null } }),
        close: async () => undefined,
      };
    },
  };
}
const ready: Availability = { ok: true, model: null, device: 'cpu' };
const absent: Availability = { ok: false, reason: 'is not installed', fix: 'install it' };
const pullable: Availability = { ok: false, reason: 'has no model', fix: 'pull it', pullable: true };

test('auto takes the best that is installed and says nothing', async () => {
  const choice = await chooseRecognition('auto', OPTIONS, [engine('best', ready), engine('next', ready)]);
  assert.equal(choice.engine.name, 'best');
  assert.deepEqual(choice.passedOver, []);
});

test('auto falls back in the open', async () => {
  const choice = await chooseRecognition('auto', OPTIONS, [
    engine('best', absent),
    engine('next', pullable),
    engine('last', ready),
  ]);
  assert.equal(choice.engine.name, 'last');
  assert.deepEqual(choice.passedOver, ['best: is not installed', 'next: has no model']);
});

test('auto pulls a model when it may, and falls back when that fails', async () => {
  const mayPull = { ...OPTIONS, pull: true };
  const pulled = await chooseRecognition('auto', mayPull, [engine('best', pullable), engine('last', ready)]);
  assert.equal((await pulled.open()).engine, 'best');
  const offline = await chooseRecognition('auto', mayPull, [
    engine('best', pullable, false),
    engine('last', ready),
  ]);
  assert.equal(offline.engine.name, 'last');
  assert.deepEqual(offline.passedOver, ['best: the network is down']);
});

test('an engine that nothing was given for is passed by without a word', async () => {
  const pool = { ...engine('pool', absent), applies: () => false };
  assert.deepEqual((await chooseRecognition('auto', OPTIONS, [pool, engine('last', ready)])).passedOver, []);
});

test('when nothing can do it, the message lists why and the way out', async () => {
  await assert.rejects(
    chooseRecognition('auto', OPTIONS, [engine('best', absent)]),
    (error: EarshotError) => {
      assert.equal(error.code, 'engine_unavailable');
      assert.match(error.message, /best: is not installed/);
      assert.match(error.hint ?? '', /install it/);
      return true;
    },
  );
});

test('after a pull that failed the way out is what the failure says, not the same pull', async () => {
  const mayPull = { ...OPTIONS, pull: true };
  await assert.rejects(
    chooseRecognition('auto', mayPull, [engine('best', absent), engine('next', pullable, false)]),
    {
      code: 'engine_unavailable',
      hint: 'one of these mends it: install it; or: --no-pull takes what is here',
    },
  );
});

test('an unknown name is a usage error with a suggestion', async () => {
  await assert.rejects(chooseRecognition('bset', OPTIONS, [engine('best', ready)]), {
    code: 'usage',
    hint: /did you mean best/,
  });
});

test('a model that pocketsphinx does not have is not silently replaced by its own', async () => {
  const asked = { ...OPTIONS, model: 'whisper-tiny' };
  await assert.rejects(chooseRecognition('auto', asked, [engine('best', absent), pocketsphinx]), {
    code: 'engine_unavailable',
    message: /not "whisper-tiny"/,
  });
});

test('a mistyped model is said to be unknown, not every engine to be missing', async () => {
  const choose = (model: string, workers: string[] = []) =>
    chooseRecognition('auto', { ...OPTIONS, model, workers }, RECOGNITION_ENGINES);
  await assert.rejects(choose('parakeet-tdt-0.6b-v2'), {
    code: 'model_unknown',
    hint: /did you mean parakeet-tdt-0\.6b-v3/,
  });
  await assert.rejects(choose('smal'), { code: 'model_unknown', hint: /did you mean small/ });
  await assert.rejects(choose('silero-vad'), { code: 'model_unknown', message: /is for vad, not for/ });
  for (const known of ['tiny', 'ggml-tiny', './folder/of-my-own'])
    await assert.rejects(choose(known), (error: EarshotError) => error.code !== 'model_unknown');
  assert.equal((await choose('their-own-name', ['http://gpu:8001'])).engine.name, 'remote');
});

test('a language that no model knows is unsupported, for which nothing needs to be installed', async () => {
  const choose = (language: string, workers: string[] = []) =>
    chooseRecognition('auto', { ...OPTIONS, language, workers }, RECOGNITION_ENGINES);
  await assert.rejects(choose('tlh'), { code: 'language_unsupported', message: /no model .* knows "tlh"/ });
  await assert.rejects(choose('fr'), { code: 'engine_unavailable' });
  const named = (model: string, language: string) =>
    chooseRecognition('auto', { ...OPTIONS, model, language }, RECOGNITION_ENGINES);
  for (const model of ['tiny.en', 'whisper-tiny.en'])
    await assert.rejects(named(model, 'fr'), { code: 'language_unsupported', message: /does not know "fr"/ });
  for (const model of ['tiny', 'whisper-tiny', './folder/of-my-own'])
    await assert.rejects(named(model, 'fr'), (error: EarshotError) => error.code !== 'language_unsupported');
  assert.equal((await choose('tlh', ['http://gpu:8001'])).engine.name, 'remote');
});
