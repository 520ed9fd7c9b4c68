import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countInterruptions } from '../../../src/speech/enrichment/interruptions.ts';
import { isQuestion } from '../../../src/speech/enrichment/question.ts';
import { speakerStatistics } from '../../../src/speech/enrichment/statistics.ts';
import { speakerSchema, type ProsodyBaseline, type Turn } from '../../../src/transcript/schema.ts';
import { segment } from './signals.ts';

const turn = (speaker: string, start: number, end: number): Turn => ({ speaker, start, end });

test('a meeting of two is counted', () => {
  const turns = [turn('S1', 0, 10), turn('S2', 9, 15), turn('S1', 20, 22)];
  const segments = [
    segment({
      start: 0,
      end: 10,
      text: 'one two three four five six',
      sentiment: { label: 'positive', score: 0.6 },
    }),
    segment({ start: 9, end: 15, speaker: 'S2', text: 'are you sure?' }),
    segment({ start: 20, end: 22, text: 'yes no', sentiment: { label: 'negative', score: -0.2 } }),
    segment({ start: 30, end: 31, speaker: null, text: 'who?' }),
  ];
  const baseline: ProsodyBaseline = {
    ...{ pitch_hz: 120, pitch_std_hz: 9, energy_db: null, energy_std_db: null },
    ...{ syllables_per_sec: null, syllables_std: null },
  };
  const nothing: ProsodyBaseline = { ...baseline, pitch_hz: null, pitch_std_hz: null };
  const statistics = speakerStatistics(
    segments,
    turns,
    new Map([
      ['S1', baseline],
      ['S2', nothing],
    ]),
  );
  assert.deepEqual(statistics, [
    {
      ...{ id: 'S1', label: null, talk_time: 12, turns: 2, words: 8, interruptions: 0, questions: 0 },
      ...{ words_per_minute: 40, prosody_baseline: baseline, sentiment: 0.4 },
    },
    {
      ...{ id: 'S2', label: null, talk_time: 6, turns: 1, words: 3, interruptions: 1, questions: 1 },
      ...{ words_per_minute: 30, prosody_baseline: null, sentiment: null },
    },
  ]);
  for (const speaker of statistics) speakerSchema.parse(speaker);
});

test('a rate of hardly any talk is null, and so is one without turns', () => {
  const segments = [
    segment({ start: 0, end: 2, text: 'yes' }),
    segment({ start: 3, end: 9, speaker: 'S2', text: 'no' }),
  ];
  const [first, second] = speakerStatistics(segments, [turn('S1', 0, 2)], new Map());
  assert.equal(first?.words_per_minute, null);
  assert.deepEqual(
    [second?.id, second?.talk_time, second?.turns, second?.words_per_minute],
    ['S2', 0, 0, null],
  );
  assert.deepEqual(speakerStatistics([], [], new Map()), []);
});

test('speakers come by first appearance, more than nine too', () => {
  const turns = Array.from({ length: 12 }, (_, i) => turn(`S${i + 1}`, Math.floor(i / 3), 30)).toReversed();
  const ids = speakerStatistics([], turns, new Map()).map(({ id }) => id);
  assert.deepEqual(
    ids,
    Array.from({ length: 12 }, (_, i) => `S${i + 1}`),
  );
});

test('an interruption begins while another speaks and goes on after', () => {
  const count = (...turns: readonly Turn[]) => Object.fromEntries(countInterruptions(turns));
  assert.deepEqual(count(turn('A', 0, 5), turn('B', 4, 8)), { B: 1 });
  assert.deepEqual(count(turn('A', 0, 5), turn('B', 2, 3)), {}, 'a short answer inside a turn');
  assert.deepEqual(count(turn('A', 0, 5), turn('B', 5, 8)), {}, 'turns that touch');
  assert.deepEqual(count(turn('A', 0, 5), turn('B', 4.95, 8)), {}, 'a rounding');
  assert.deepEqual(count(turn('A', 0, 5), turn('B', 0, 8)), {}, 'at the same time');
  assert.deepEqual(count(turn('A', 0, 5), turn('A', 4, 8)), {}, 'oneself');
  assert.deepEqual(count(turn('A', 0, 5), turn('B', 1, 6), turn('C', 4, 8)), { B: 1, C: 1 });
});

test('questions end with a question mark of any script', () => {
  for (const text of [
    'Really?',
    'Really?!',
    'He said "why?"',
    'そうですか？',
    'هل أنت متأكد؟',
    'Τι κάνεις;',
    'Τι κάνεις\u037e',
    'Ինչո՞ւ՞',
    'why? ',
  ])
    assert.ok(isQuestion(text), text);
  for (const text of ['Really.', 'Why? Because.', 'first; second;', '', '?!no'.repeat(50_000)])
    assert.ok(!isQuestion(text), text.slice(0, 20));
});

test('property: nobody talks longer than from the first turn to the last, and order does not matter', () => {
  const turns = fc.array(
    fc.tuple(
      fc.constantFrom('S1', 'S2', 'S3'),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 1, max: 100 }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(turns, (drawn) => {
      const all = drawn.map(([speaker, start, length]) => turn(speaker, start, start + length));
      const statistics = speakerStatistics([], all, new Map());
      for (const { id, talk_time } of statistics) {
        const own = all.filter(({ speaker }) => speaker === id);
        assert.ok(
          talk_time <= Math.max(...own.map(({ end }) => end)) - Math.min(...own.map(({ start }) => start)),
        );
        assert.ok(talk_time >= Math.max(...own.map(({ start, end }) => end - start)));
      }
      assert.deepEqual(speakerStatistics([], all.toReversed(), new Map()), statistics);
    }),
  );
});
