import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_RATE } from '../../../src/audio/waveform.ts';
import { sherpaResultSchema, toRecognition } from '../../../src/speech/recognition/sherpa/words.ts';

const heard = (result: object, seconds = 8, requested = 'auto') =>
  toRecognition(
    sherpaResultSchema.parse(result),
    { samples: new Float32Array(seconds * SAMPLE_RATE), start: 60 },
    requested,
  );
const brief = (words: readonly { text: string; start: number; end: number }[]) =>
  words.map(({ text, start, end }) => [text, start, end]);

/** What sherpa-onnx printed for SenseVoice's own English test recording (its documentation). */
const SENSE_VOICE = {
  lang: '<|en|>',
  emotion: '<|NEUTRAL|>',
  event: '<|Speech|>',
  text: 'the tribal chieftain called for the boy and presented him with fifty pieces of gold',
  timestamps: [
    0.9, 1.26, 1.56, 1.8, 2.16, 2.46, 2.76, 2.94, 3.12, 3.6, 3.96, 4.5, 4.74, 5.1, 5.46, 5.88, 6.18,
  ],
  durations: [],
  tokens: [
    'the',
    ' tri',
    'bal',
    ' chief',
    'tain',
    ' called',
    ' for',
    ' the',
    ' boy',
    ' and',
    ' presented',
  ].concat([' him', ' with', ' fifty', ' pieces', ' of', ' gold']),
  ys_log_probs: [],
  words: [],
};

test('SenseVoice: tokens become words with their times, the language comes from its tag', () => {
  const { words, language, wordTimes } = heard(SENSE_VOICE);
  assert.equal(words.map(({ text }) => text).join(' '), SENSE_VOICE.text);
  assert.deepEqual(brief(words.slice(0, 3)), [
    ['the', 60.9, 61.2],
    ['tribal', 61.26, 61.8],
    ['chieftain', 61.8, 62.46],
  ]);
  assert.deepEqual(language, { code: 'en', confidence: null });
  assert.equal(wordTimes, undefined);
  assert.ok(words.every(({ confidence, speaker }) => confidence === null && speaker === null));
});

test('SenseVoice: scripts without spaces give a word a character, and no speech gives none', () => {
  const { words, language } = heard({
    lang: '<|yue|>',
    text: '开饭。',
    tokens: ['开', '饭', '。'],
    timestamps: [0.72, 0.96, 1.2],
  });
  assert.deepEqual(brief(words), [
    ['开', 60.72, 60.96],
    ['饭。', 60.96, 61.26],
  ]);
  assert.equal(language.code, 'yue');
  const silent = heard({ lang: '<|nospeech|>', text: 'The.', tokens: ['The', '.'], timestamps: [0.1, 0.2] });
  assert.deepEqual(silent.words, []);
  assert.equal(silent.language.code, null);
});

test('Parakeet: durations end words, punctuation is glued, posteriors become confidences', () => {
  const { words, language } = heard(
    {
      text: " We'll go, now.",
      tokens: [' We', "'", 'll', ' go', ',', ' now', '.'],
      timestamps: [0.32, 0.48, 0.56, 0.8, 1.04, 7.9, 7.98],
      durations: [0.16, 0.08, 0.16, 0.24, 0.08, 0.4, 0.08],
      ys_log_probs: [-0.1, -0.05, -0.2, Math.log(0.5), -3, 0, -4],
    },
    8,
    'en',
  );
  assert.deepEqual(brief(words), [
    ["We'll", 60.32, 60.72],
    ['go,', 60.8, 61.04],
    ['now.', 67.9, 68],
  ]);
  assert.deepEqual(
    words.map(({ confidence }) => confidence),
    [0.741, 0.5, 1],
  );
  assert.deepEqual(language, { code: 'en', confidence: null });
});

test('the piece mark of SentencePiece begins a word as a space does', () => {
  const { words } = heard({
    text: 'hello world',
    tokens: ['▁hel', 'lo', '▁world'],
    timestamps: [0.1, 0.3, 0.6],
  });
  assert.deepEqual(
    words.map(({ text }) => text),
    ['hello', 'world'],
  );
});

test('Whisper and Moonshine give no times: words are spread and said to be', () => {
  const { words, language, wordTimes } = heard({
    lang: 'haw',
    text: ' Aloha kākou.',
    tokens: [' Aloha', ' kākou', '.'],
  });
  assert.deepEqual(
    words.map(({ text }) => text),
    ['Aloha', 'kākou.'],
  );
  assert.equal(wordTimes, 'estimated');
  assert.equal(language.code, 'haw');
  assert.ok(words.every(({ start, end }) => start >= 60 && end <= 68 && end > start));
});

test('no text is no words', () => {
  assert.deepEqual(heard({ text: ' ', tokens: [], timestamps: [] }).words, []);
});
