import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pcm16ToFloat, SAMPLE_RATE } from '../../../src/audio/waveform.ts';
import { EarshotError } from '../../../src/errors.ts';
import { whisperCpp } from '../../../src/speech/recognition/whisper-cpp.ts';
import {
  closeContext,
  loadWhisperNode,
  openContext,
} from '../../../src/speech/recognition/whisper-cpp/native.ts';
import {
  toWhisperRecognition,
  whisperResultSchema,
} from '../../../src/speech/recognition/whisper-cpp/words.ts';
import { scratchFolder } from '../../support/scratch.ts';

const DATA = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data');
const PARAKEET = join(DATA, 'models', 'for-tests-ggml-parakeet-tdt.bin');
const modelsDir = scratchFolder();
const options = (model: string | null) => ({
  ...({ model, language: 'auto', task: 'transcribe', jobs: null, pull: false } as const),
  ...{ modelsDir, workers: [], scratchDir: modelsDir },
});

const withoutPackage =
  loadWhisperNode() === null
    ? 'needs @fugood/whisper.node (installed here, or found through NODE_PATH)'
    : false;
const withoutModel = existsSync(PARAKEET) ? false : `needs ${PARAKEET}`;

test(
  'without the package it says so and how to install it',
  { skip: withoutPackage === false && 'it is installed' },
  async () => {
    const available = await whisperCpp.check(options(null));
    assert.deepEqual(available, {
      ok: false,
      reason: '@fugood/whisper.node is not installed',
      fix: 'npm install @fugood/whisper.node',
    });
    await assert.rejects(whisperCpp.open(options(null)), { code: 'engine_unavailable' });
  },
);

test('a missing model can be pulled', { skip: withoutPackage }, async () => {
  const available = await whisperCpp.check(options('tiny'));
  assert.ok(!available.ok && available.pullable);
  assert.equal(available.fix, 'earshot models pull ggml-tiny');
  await assert.rejects(whisperCpp.open(options('tiny')), { code: 'model_missing' });
});

test(
  'the native path loads a model, recognises, is aborted, and closes',
  { skip: withoutPackage || withoutModel },
  async () => {
    const wav = await readFile(join(DATA, 'jfk.wav'));
    const samples = pcm16ToFloat(wav.subarray(wav.indexOf('data') + 8));
    const recognizer = await whisperCpp.open(options(PARAKEET));
    try {
      assert.match(recognizer.device, /^(cpu|cuda|vulkan|metal)$/);
      const request = { language: 'auto', task: 'transcribe' } as const;
      const heard = await recognizer.recognize({ samples, start: 7 }, request);
      assert.match(
        heard.words.map(({ text }) => text).join(' '),
        /^[eb ]{20,}$/,
        'the random model only knows two letters',
      );
      assert.ok(heard.words.every(({ start, end }) => start >= 7 && end <= 18.1));
      const aborted = new AbortController();
      const running = recognizer.recognize({ samples, start: 7 }, { ...request, signal: aborted.signal });
      aborted.abort();
      await assert.rejects(running, { name: 'AbortError' });
    } finally {
      await recognizer.close();
    }
  },
);

test(
  'the package gives times in milliseconds, not in the hundredths of whisper.cpp itself',
  { skip: withoutPackage || withoutModel },
  async () => {
    const native = loadWhisperNode();
    assert.ok(native);
    const wav = await readFile(join(DATA, 'jfk.wav')); // 11.0 s
    const pcm = Uint8Array.from(wav.subarray(wav.indexOf('data') + 8)).buffer;
    const { context } = await openContext(native, 'parakeet', PARAKEET, 'default');
    try {
      const result = whisperResultSchema.parse(await context.transcribeData(pcm, { maxThreads: 1 }).promise);
      // Room for a wrong unit behind the 11 s, so that nothing is cut off at the end of the audio.
      const audio = { samples: new Float32Array(200 * SAMPLE_RATE), start: 0 };
      const end = toWhisperRecognition(result, audio, 'en').words.at(-1)?.end ?? 0;
      assert.ok(Math.abs(end - 11) < 0.1, `11 s of audio end at ${end} s`);
    } finally {
      await closeContext(native, context);
    }
  },
);

test('a file that is no model is refused with its name', { skip: withoutPackage }, async () => {
  await assert.rejects(
    whisperCpp.open(options(import.meta.filename)),
    (error: unknown) =>
      error instanceof EarshotError &&
      error.code === 'model_corrupt' &&
      /whisper-cpp\.test/.test(error.message),
  );
});
