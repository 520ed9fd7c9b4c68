import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_RATE } from '../../../src/audio/waveform.ts';
import { deviceIn } from '../../../src/speech/recognition/whisper-cpp/native.ts';
import {
  toParakeetRecognition,
  toWhisperRecognition,
} from '../../../src/speech/recognition/whisper-cpp/words.ts';

const AUDIO = { samples: new Float32Array(11 * SAMPLE_RATE), start: 10 };

/** Segments of one token each, as the binding builds them: milliseconds, result = all texts together. */
function tokens(...pieces: [string, number, number][]) {
  return {
    language: 'en',
    result: pieces.map(([text]) => text).join(''),
    segments: pieces.map(([text, t0, t1]) => ({ text, t0, t1 })),
  };
}

test('one-token segments become words', () => {
  const { words, language, wordTimes } = toWhisperRecognition(
    tokens(
      [' And', 0, 320],
      [' so', 320, 540],
      [',', 540, 560],
      [' Amer', 900, 1200],
      ['icans', 1200, 1500],
      ['.', 1500, 1600],
    ),
    AUDIO,
    'auto',
  );
  assert.deepEqual(
    words.map(({ text, start, end }) => [text, start, end]),
    [
      ['And', 10, 10.32],
      ['so,', 10.32, 10.54],
      ['Americans.', 10.9, 11.5],
    ],
  );
  assert.deepEqual(language, { code: 'en', confidence: null });
  assert.equal(wordTimes, undefined);
  assert.ok(words.every(({ confidence }) => confidence === null));
});

test('token times that step back or leave the chunk are mended', () => {
  const { words } = toWhisperRecognition(
    tokens([' one', 500, 700], [' two', 300, 400], [' six', 9000, 30000]),
    AUDIO,
    'en',
  );
  assert.deepEqual(
    words.map(({ start, end }) => [start, end]),
    [
      [10.5, 10.7],
      [10.5, 10.5],
      [19, 21],
    ],
  );
});

test('letters whose bytes lie in several tokens are taken from the whole text', () => {
  const { words } = toWhisperRecognition(
    {
      language: 'ja',
      result: ' 鰻です',
      segments: [
        { text: ' \uFFFD', t0: 0, t1: 100 },
        { text: '\uFFFD', t0: 100, t1: 200 },
        { text: 'で', t0: 200, t1: 300 },
        { text: 'す', t0: 300, t1: 400 },
      ],
    },
    AUDIO,
    'auto',
  );
  assert.deepEqual(
    words.map(({ text, start, end }) => [text, start, end]),
    [
      ['鰻', 10, 10.2],
      ['で', 10.2, 10.3],
      ['す', 10.3, 10.4],
    ],
  );
});

test('notes on what is no speech are no words', () => {
  for (const note of [' [BLANK_AUDIO]', ' (wind blowing)', ' ♪♪', ''])
    assert.deepEqual(toWhisperRecognition(tokens([note, 0, 11000]), AUDIO, 'en').words, []);
  const pieces = tokens([' [', 0, 1], ['MUS', 1, 2], ['IC', 2, 3], [']', 3, 4], [' Hello', 500, 800]);
  assert.deepEqual(
    toWhisperRecognition(pieces, AUDIO, 'en').words.map(({ text }) => text),
    ['Hello'],
  );
});

/** Recorded from whisper.node 1.1.3 on the CPU: whisper.cpp's random test model on 11 s of speech. */
const PARAKEET = {
  isAborted: false,
  language: '',
  result: 'ebeebebeebeeeebeeebebebebeeeebbebeeeebebebebebeeebebebeeeee',
  segments: [{ text: 'ebeebebeebeeeebeeebebebebeeeebbebeeeebebebebebeeebebebeeeee', t0: 0, t1: 11010 }],
};

test("Parakeet's one segment is spread over the chunk, and said to be", () => {
  const { words, language, wordTimes } = toParakeetRecognition(PARAKEET, AUDIO, 'auto');
  assert.equal(words.length, 1);
  assert.ok((words[0]?.end ?? 99) <= 21);
  assert.equal(wordTimes, 'estimated');
  assert.equal(language.code, null);
});

test('the device is the one that whisper.cpp says it took', () => {
  assert.equal(deviceIn('whisper_backend_init_gpu: no GPU found\n'), 'cpu');
  assert.equal(deviceIn('whisper_backend_init_gpu: using CUDA0 backend\n'), 'cuda');
  assert.equal(deviceIn('whisper_backend_init_gpu: using device Vulkan0 (x)\n'), 'vulkan');
  assert.equal(deviceIn('whisper_backend_init_gpu: using MTL0 backend\n'), 'metal');
});
