import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRecognizer, type Sherpa } from '../../../src/speech/recognition/sherpa/recognizer.ts';
import type { SherpaKind } from '../../../src/speech/recognition/sherpa/kinds.ts';

const AUDIO = { samples: new Float32Array(16_000), start: 0 };
const EN = { language: 'en', task: 'transcribe' } as const;

/** Stands for sherpa-onnx: writes down what it is loaded with, and decodes when told to. */
function fake() {
  const loaded: string[] = [];
  const waiting: { resolve(result: unknown): void; reject(error: Error): void }[] = [];
  const native: Sherpa = {
    OfflineRecognizer: {
      createAsync: async (config) => {
        loaded.push(JSON.stringify(config));
        return {
          createStream: () => ({ acceptWaveform: () => undefined }),
          decodeAsync: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
        };
      },
    },
  };
  const open = (kind: SherpaKind, onlyLanguage?: string) => {
    const files = { 'encoder.onnx': 'e', 'tokens.txt': 't' };
    const only = onlyLanguage === undefined ? {} : { onlyLanguage };
    return openRecognizer(native, { kind, files, threads: 2, concurrency: 2, name: 'm', ...only }, EN);
  };
  return { loaded, waiting, open };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('chunks are decoded at once, but Whisper takes one after another', async () => {
  for (const [kind, atOnce] of [
    ['nemo-transducer', 2],
    ['whisper', 1],
  ] as const) {
    const { open, waiting } = fake();
    const recognizer = await open(kind);
    const both = [recognizer.recognize(AUDIO, EN), recognizer.recognize(AUDIO, EN)];
    await settled();
    assert.equal(waiting.length, atOnce);
    waiting[0]?.resolve({ text: 'one' });
    await settled();
    assert.equal(waiting.length, 2);
    waiting[1]?.resolve({ text: 'two' });
    assert.deepEqual(
      (await Promise.all(both)).map(({ words }) => words[0]?.text),
      ['one', 'two'],
    );
    await recognizer.close();
  }
});

test('another language loads Whisper anew, and leaves Parakeet as it is', async () => {
  for (const [kind, times] of [
    ['nemo-transducer', 1],
    ['whisper', 2],
  ] as const) {
    const { open, waiting, loaded } = fake();
    const recognizer = await open(kind);
    const heard = recognizer.recognize(AUDIO, { ...EN, language: 'haw' });
    await settled();
    waiting[0]?.resolve({ text: 'aloha' });
    assert.equal((await heard).language.code, 'haw');
    assert.equal(loaded.length, times);
  }
});

test('a failure of the engine can be tried again, and does not stop the next chunk', async () => {
  const { open, waiting } = fake();
  const recognizer = await open('whisper');
  const failing = recognizer.recognize(AUDIO, EN);
  const next = recognizer.recognize(AUDIO, EN);
  await settled();
  waiting[0]?.reject(new Error('onnx said no'));
  await assert.rejects(failing, { code: 'engine_failed', message: 'sherpa-onnx failed: onnx said no' });
  await settled();
  waiting[1]?.resolve({ text: 'yes' });
  assert.equal((await next).words[0]?.text, 'yes');
});

test('an abort is answered at once; closing waits for the decode that cannot be stopped', async () => {
  const { open, waiting } = fake();
  const recognizer = await open('nemo-transducer');
  const aborted = new AbortController();
  const running = recognizer.recognize(AUDIO, { ...EN, signal: aborted.signal });
  await settled();
  aborted.abort();
  await assert.rejects(running, { name: 'AbortError' });
  let closed = false;
  const closing = recognizer.close().then(() => (closed = true));
  await settled();
  assert.equal(closed, false);
  waiting[0]?.resolve({ text: '' });
  await closing;
});

test('a model of one language knows what was spoken', async () => {
  const { open, waiting } = fake();
  const recognizer = await open('moonshine', 'en');
  const heard = recognizer.recognize(AUDIO, { ...EN, language: 'auto' });
  await settled();
  waiting[0]?.resolve({ text: 'hello' });
  assert.equal((await heard).language.code, 'en');
});
