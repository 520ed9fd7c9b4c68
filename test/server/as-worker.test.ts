import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remoteEngine } from '../../src/speech/recognition/remote/index.ts';
import { running } from './fixture.ts';

test('one Earshot recognises for another: key, words, times and language survive the wire', async (t) => {
  const KEY = 'correct-horse-battery';
  const { url, calls } = await running(t, { auth: { apiKey: KEY } });
  const recognizer = await remoteEngine({ env: { EARSHOT_WORKER_TOKEN: KEY } }).open({
    model: null,
    language: 'en',
    task: 'transcribe',
    jobs: null,
    pull: false,
    modelsDir: '',
    workers: [url],
    scratchDir: '',
  });
  t.after(() => recognizer.close());
  const heard = await recognizer.recognize(
    { samples: new Float32Array(16_000 * 4), start: 60 },
    { language: 'en', task: 'transcribe' },
  );
  assert.deepEqual(
    heard.words.map(({ text, start, end }) => [text, start, end]),
    [
      ['Hello', 60, 60.4],
      ['there.', 60.5, 60.9],
      ['Good', 61.5, 61.9],
      ['day.', 62, 62.4],
    ],
  );
  assert.deepEqual(heard.language, { code: 'en', confidence: null });
  assert.deepEqual([calls[0]?.language, calls[0]?.model, calls[0]?.diarize], ['en', null, false]);
});
