import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  attributeWords,
  type HeardTurn,
  type HeardWord,
} from '../../../src/speech/attribution/attribution.ts';
import { exclusiveTurns } from '../../../src/speech/attribution/exclusive.ts';
import { numberSpeakers } from '../../../src/speech/attribution/number-speakers.ts';
import { buildSegments, joinWords } from '../../../src/speech/attribution/segments.ts';

const word = (text: string, start: number, end: number, channel: number | null = null): HeardWord => ({
  ...{ text, start, end, channel },
  confidence: null,
  speaker: null,
});
const turn = (speaker: string, start: number, end: number, channel: number | null = null): HeardTurn => ({
  ...{ speaker, start, end, channel },
});
const speakersOf = (words: HeardWord[], turns: HeardTurn[]): (string | null)[] =>
  attributeWords(words, turns).map((attributed) => attributed.speaker);

test('a word goes to the speaker who covers most of it, summed over that speaker’s turns', () => {
  const turns = [turn('A', 0, 0.4), turn('B', 0.4, 0.9), turn('A', 0.9, 1.3)];
  assert.deepEqual(speakersOf([word('x', 0.1, 1.2)], turns), ['A']);
});

test('words before, between and after turns go to the nearest, the earlier one on a tie', () => {
  const turns = [turn('A', 1, 2), turn('B', 3, 4)];
  const words = [
    word('before', 0, 0.5),
    word('nearA', 2.1, 2.3),
    word('tie', 2.4, 2.6),
    word('nearB', 2.7, 2.8),
    word('after', 9, 9.5),
  ];
  assert.deepEqual(speakersOf(words, turns), ['A', 'A', 'A', 'B', 'B']);
});

test('equal overlap is settled by time, not by order of the list', () => {
  const turns = [turn('B', 0, 1), turn('A', 1, 2)];
  assert.deepEqual(speakersOf([word('x', 0.5, 1.5)], turns), ['B']);
  assert.deepEqual(speakersOf([word('x', 0.5, 1.5)], turns.toReversed()), ['B']);
});

test('without turns there is no speaker', () => {
  assert.deepEqual(speakersOf([word('x', 0, 1)], []), [null]);
});

test('simultaneous channels stay simultaneous and apart', () => {
  const turns = [turn('A', 0, 5, 0), turn('B', 0, 5, 1)];
  assert.deepEqual(speakersOf([word('x', 1, 2, 0), word('y', 1, 2, 1)], turns), ['A', 'B']);
});

const randomTurns = fc.array(
  fc.record({
    speaker: fc.constantFrom('A', 'B', 'C'),
    start: fc.nat(500),
    length: fc.integer({ min: 1, max: 80 }),
  }),
  { maxLength: 25 },
);
const toTurns = (raw: { speaker: string; start: number; length: number }[]): HeardTurn[] =>
  raw.map(({ speaker, start, length }) => turn(speaker, start / 10, (start + length) / 10));

test('the bisected search agrees with looking at every turn', () => {
  fc.assert(
    fc.property(randomTurns, fc.nat(600), fc.integer({ min: 1, max: 10 }), (raw, start, length) => {
      const turns = toTurns(raw);
      const spoken = word('x', start / 10, (start + length) / 10);
      const shared = new Map<string, number>();
      for (const one of turns) {
        const overlap = Math.min(one.end, spoken.end) - Math.max(one.start, spoken.start);
        if (overlap > 1e-9) shared.set(one.speaker, (shared.get(one.speaker) ?? 0) + overlap);
      }
      const [found] = speakersOf([spoken], turns);
      const most = Math.max(...shared.values());
      if (shared.size > 0) assert.ok(most - (shared.get(found ?? '') ?? 0) < 1e-6);
      else {
        const away = (one: HeardTurn): number => Math.max(0, spoken.start - one.end, one.start - spoken.end);
        const nearest = Math.min(...turns.map(away));
        const named = turns.filter((one) => one.speaker === found).map(away);
        assert.ok(turns.length === 0 ? found === null : Math.min(...named) - nearest < 1e-6);
      }
    }),
  );
});

test('exclusive turns cover the same time as the turns, once', () => {
  fc.assert(
    fc.property(randomTurns, (raw) => {
      const turns = toTurns(raw);
      const exclusive = exclusiveTurns(turns);
      for (let i = 1; i < exclusive.length; i++)
        assert.ok((exclusive[i] as HeardTurn).start >= (exclusive[i - 1] as HeardTurn).end - 1e-9);
      const covers = (list: readonly HeardTurn[], t: number): boolean =>
        list.some((one) => one.start <= t && t < one.end);
      for (let tick = 0; tick < 600; tick++)
        assert.equal(covers(exclusive, tick / 10 + 0.05), covers(turns, tick / 10 + 0.05), `at ${tick / 10}`);
      for (const part of exclusive)
        assert.ok(
          turns.some(
            (one) => one.speaker === part.speaker && one.start <= part.start && part.start < one.end,
          ),
        );
    }),
  );
});

test('a short answer inside a long turn keeps its place', () => {
  const parts = exclusiveTurns([turn('A', 0, 10), turn('B', 4, 5)]);
  assert.deepEqual(
    parts.map((part) => [part.speaker, part.start, part.end]),
    [
      ['A', 0, 4],
      ['B', 4, 5],
      ['A', 5, 10],
    ],
  );
});

test('speakers are numbered by first appearance', () => {
  const names = numberSpeakers([turn('z', 5, 6), turn('q', 1, 2), turn('z', 7, 8)]).map((one) => one.speaker);
  assert.deepEqual(names, ['S1', 'S2', 'S2']);
});

test('segments end at speaker changes, sentence ends and pauses, and keep every word once', () => {
  const words = [
    word('Hi.', 0, 0.4),
    word('how', 0.5, 0.7),
    word('are', 0.8, 1),
    word('you', 2, 2.3),
    word('fine', 2.4, 2.8),
  ];
  const turns = [turn('A', 0, 2.35), turn('B', 2.35, 3)];
  const segments = buildSegments(attributeWords(words, turns), turns);
  assert.deepEqual(
    segments.map((segment) => [segment.speaker, segment.text, segment.start, segment.end]),
    [
      ['A', 'Hi.', 0, 0.4],
      ['A', 'how are', 0.5, 1],
      ['A', 'you', 2, 2.3],
      ['B', 'fine', 2.4, 2.8],
    ],
  );
  assert.deepEqual(
    segments.map((segment) => segment.id),
    [0, 1, 2, 3],
  );
});

test('overlap and speaker_confidence come from the turns', () => {
  const turns = [turn('A', 0, 2), turn('B', 1, 2)];
  const [segment] = buildSegments(attributeWords([word('one', 0, 2)], turns), turns);
  assert.equal(segment?.overlap, true);
  assert.equal(segment?.speaker_confidence, 0.667);
});

test('a long run without punctuation is cut at its longest pause', () => {
  const words = Array.from({ length: 40 }, (_, i) =>
    word(`w${i}`, i * 0.5 + (i >= 22 ? 0.3 : 0), i * 0.5 + 0.45 + (i >= 22 ? 0.3 : 0)),
  );
  const segments = buildSegments(words, []);
  assert.equal(segments[0]?.words.length, 22);
  assert.equal(segments.flatMap((segment) => segment.words).length, 40);
});

test('channels that speak at once keep their own runs, whichever order their words come in, once', () => {
  const left = [word('a', 0, 0.4, 0), word('b', 0.5, 0.9, 0), word('c.', 1, 1.4, 0), word('d', 1.5, 2, 0)];
  const right = [word('x', 0.2, 0.6, 1), word('y', 0.7, 1.1, 1)];
  const texts = (words: HeardWord[]) =>
    buildSegments(words.values(), []).map(({ id, text, channel }) => [id, text, channel]);
  const expected = [
    [0, 'a b c.', 0],
    [1, 'x y', 1],
    [2, 'd', 0],
  ];
  assert.deepEqual(texts([...left, ...right]), expected);
  assert.deepEqual(texts([...left, ...right].sort((a, b) => a.start - b.start)), expected);
});

test('words of scripts without spaces are joined without', () => {
  assert.equal(joinWords(['今日', 'は', 'OK', 'です']), '今日は OK です');
});
