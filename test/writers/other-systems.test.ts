import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { transcriptSchema, type Transcript } from '../../src/transcript/schema.ts';
import { findWriter, WRITERS } from '../../src/writers/index.ts';
import { DEFAULT_WRITER_OPTIONS as OPTIONS, piecesOf } from '../../src/writers/writer.ts';
import { EMPTY, RICH, evenWords, segment, transcriptOf } from './fixture.ts';

const jsonOf = (format: string, transcript: Transcript): unknown =>
  JSON.parse(findWriter(format).render(transcript, OPTIONS));

const usage = z.strictObject({ type: z.literal('duration'), seconds: z.int() });
const verbose = z.strictObject({
  task: z.literal('transcribe'),
  language: z.string().regex(/^[a-z ]+$/),
  duration: z.number(),
  text: z.string(),
  segments: z.array(
    z.strictObject({
      id: z.int(),
      seek: z.int(),
      start: z.number(),
      end: z.number(),
      text: z.string(),
      tokens: z.array(z.int()),
      temperature: z.number(),
      avg_logprob: z.number().max(0).nullable(),
      compression_ratio: z.number(),
      no_speech_prob: z.null(),
    }),
  ),
  words: z.array(z.strictObject({ word: z.string(), start: z.number(), end: z.number() })),
  usage,
});
const diarized = z.strictObject({
  task: z.literal('transcribe'),
  duration: z.number(),
  text: z.string(),
  segments: z.array(
    z.strictObject({
      type: z.literal('transcript.text.segment'),
      id: z.string().regex(/^seg_\d{3,}$/),
      start: z.number(),
      end: z.number(),
      text: z.string(),
      speaker: z.string().nullable(),
    }),
  ),
  usage,
});
const confidence = z.number().min(0).max(1).nullable();
const deepgramWord = z.strictObject({
  word: z.string(),
  start: z.number(),
  end: z.number(),
  confidence,
  speaker: z.int().optional(),
  punctuated_word: z.string(),
});
const deepgram = z.object({
  metadata: z.object({
    request_id: z.uuid(),
    sha256: z.string(),
    created: z.iso.datetime(),
    duration: z.number(),
    channels: z.int(),
  }),
  results: z.strictObject({
    channels: z.array(
      z.object({
        alternatives: z.tuple([
          z.strictObject({ transcript: z.string(), confidence, words: z.array(deepgramWord) }),
        ]),
      }),
    ),
    utterances: z.array(
      z.strictObject({
        start: z.number(),
        end: z.number(),
        confidence,
        channel: z.int(),
        transcript: z.string(),
        words: z.array(deepgramWord),
        speaker: z.int().optional(),
        id: z.uuid(),
      }),
    ),
  }),
});
const spk = z.string().regex(/^spk_\d+$/);
const slower = z.object({
  schema_version: z.literal(2),
  file: z.string().min(1),
  language: z.string(),
  segments: z.array(
    z.object({
      id: z.int(),
      start: z.number(),
      end: z.number(),
      text: z.string(),
      speaker: z.strictObject({ id: spk, confidence }).nullable(),
    }),
  ),
  speakers: z.array(z.object({ id: spk, total_speech_time: z.number(), num_segments: z.int() })).nullable(),
  turns: z
    .array(
      z.object({
        id: z.string(),
        speaker_id: spk,
        start: z.number(),
        end: z.number(),
        segment_ids: z.array(z.int()),
      }),
    )
    .nullable(),
});

for (const [format, schema] of Object.entries({
  verbose_json: verbose,
  diarized_json: diarized,
  deepgram,
  'slower-whisper': slower,
}))
  void test(`${format} has the shape its own clients read, for a rich and for an empty transcript`, () => {
    schema.parse(jsonOf(format, RICH));
    schema.parse(jsonOf(format, EMPTY));
  });

void test('json is the canonical transcript, its keys in the order of the schema', () => {
  const shuffled = Object.fromEntries(Object.entries(RICH).reverse()) as Transcript;
  assert.equal(findWriter('json').render(shuffled, OPTIONS), `${JSON.stringify(RICH, null, 2)}\n`);
  assert.deepEqual(transcriptSchema.parse(jsonOf('json', RICH)), RICH);
  assert.equal(findWriter('json').render(EMPTY, OPTIONS), `${JSON.stringify(EMPTY, null, 2)}\n`);
});

void test('pieces are the same text, and none holds more than a little of a long transcript', () => {
  const long = transcriptOf(
    Array.from({ length: 500 }, (_, i) => segment({ id: i, start: i, end: i + 1, text: `said ${i}.` })),
  );
  for (const writer of WRITERS) {
    const pieces = [...piecesOf(writer, long, OPTIONS)];
    assert.equal(pieces.join(''), writer.render(long, OPTIONS), writer.format);
    if (writer.pieces)
      assert.ok(
        pieces.every((piece) => piece.length < 3000),
        writer.format,
      );
  }
});

void test('verbose_json: a mean of log probabilities only where every word has a confidence', () => {
  const sure = evenWords('yes sure', 0, 1, { confidence: 0.5 });
  const unsure = evenWords('yes sure', 1, 2).map((word, i) => ({
    ...word,
    confidence: i === 0 ? 0.5 : null,
  }));
  const { segments } = verbose.parse(
    jsonOf(
      'verbose_json',
      transcriptOf(
        [sure, unsure].map((words, i) => segment({ start: i, end: i + 1, text: 'yes sure', words })),
      ),
    ),
  );
  assert.deepEqual(
    segments.map((one) => one.avg_logprob),
    [-0.6931, null],
  );
});

void test('verbose_json names languages as OpenAI does', () => {
  const named = (code: string | null): string =>
    verbose.parse(
      jsonOf('verbose_json', { ...EMPTY, language: { code, confidence: null, requested: 'auto' } }),
    ).language;
  assert.deepEqual(['en', 'yue', 'haw', 'bn', 'my', null, 'xx', '?', '__proto__'].map(named), [
    'english',
    'cantonese',
    'hawaiian',
    'bengali',
    'myanmar',
    'unknown',
    'unknown',
    'unknown',
    'unknown',
  ]);
});

void test('diarized_json: letters by first appearance, known names where there are any, null for nobody', () => {
  const say = (speaker: string | null, start: number) =>
    segment({ start, end: start + 1, text: 'x', speaker });
  const speakers = RICH.speakers.slice(0, 1).map((one) => ({ ...one, id: 'S3', label: 'A' }));
  const { segments } = diarized.parse(
    jsonOf(
      'diarized_json',
      transcriptOf([say('S2', 0), say('S1', 1), say(null, 2), say('S3', 3), say('S2', 4)], { speakers }),
    ),
  );
  assert.deepEqual(
    segments.map((one) => one.speaker),
    ['B', 'C', null, 'A', 'B'],
  );
  const many = Array.from({ length: 28 }, (_, i) => say(`S${i}`, i));
  const all = diarized.parse(jsonOf('diarized_json', transcriptOf(many))).segments;
  assert.deepEqual(
    all.slice(-3).map((one) => one.speaker),
    ['Z', 'AA', 'AB'],
  );
});

void test('deepgram: channels apart, unknown confidences null, unnamed words without a speaker', () => {
  const { metadata, results } = deepgram.parse(jsonOf('deepgram', RICH));
  assert.equal(metadata.channels, 2);
  assert.equal(results.channels[1]?.alternatives[0].transcript, 'Some words lost.');
  assert.equal(results.channels[1]?.alternatives[0].confidence, null);
  assert.deepEqual(results.channels[1]?.alternatives[0].words[1], {
    word: 'words',
    start: 40.4,
    end: 40.4,
    confidence: 0.25,
    punctuated_word: 'words',
  });
  assert.equal(results.utterances[0]?.confidence, 0.9);
});
