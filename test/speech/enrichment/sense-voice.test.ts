import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heardEmotion } from '../../../src/speech/enrichment/sense-voice.ts';

// What sherpa-onnx printed for the English and the Chinese sample that come with the model; times and tokens shortened.
const ENGLISH =
  '{"lang": "<|en|>", "emotion": "<|EMO_UNKNOWN|>", "event": "<|Speech|>", "text": "the tribal chieftain called for the boy", "timestamps": [0.90, 1.26], "durations": [], "tokens":["the", " tri"], "words": []}';
const CHINESE =
  '{"lang": "<|zh|>", "emotion": "<|NEUTRAL|>", "event": "<|Speech|>", "text": "开放时间早上9点至下午5点。", "timestamps": [0.72, 0.96], "tokens":["开", "放"], "words": []}';

test('the emotion of a recorded answer is read, and unknown is null', () => {
  assert.equal(heardEmotion(JSON.parse(ENGLISH)), null);
  assert.equal(heardEmotion(JSON.parse(CHINESE)), 'neutral');
});

test('every label of the vocabulary is known, others are null', () => {
  const labels = ['HAPPY', 'SAD', 'ANGRY', 'NEUTRAL', 'FEARFUL', 'DISGUSTED', 'SURPRISED'];
  for (const label of labels) assert.equal(heardEmotion({ emotion: `<|${label}|>` }), label.toLowerCase());
  for (const emotion of ['', '<|EMO_UNKNOWN|>', '<|EMO_OTHER|>', '<|Speech|>'])
    assert.equal(heardEmotion({ emotion }), null);
});

test('an answer of another shape is an error, not an emotion', () => {
  for (const answer of [null, {}, 'happy', { emotion: 3 }])
    assert.throws(() => heardEmotion(answer), { code: 'engine_failed' });
});
