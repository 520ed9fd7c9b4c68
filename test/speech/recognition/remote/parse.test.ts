import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breaker } from '../../../../src/speech/recognition/remote/breaker.ts';
import { retryAfter } from '../../../../src/util/retry-after.ts';
import { languageCode } from '../../../../src/speech/recognition/remote/language.ts';
import { parseAnswer } from '../../../../src/speech/recognition/remote/parse.ts';

const CHUNK = { start: 100, end: 110 };
const parse = (json: unknown) => parseAnswer(json, CHUNK, 'auto');
const plain = (json: unknown) => parse(json).words.map(({ text, start, end }) => [text, start, end]);

describe('words', () => {
  test('on the axis of the recording, in order, clipped to the chunk', () => {
    const words = [
      { word: ' b', start: 5, end: 99 },
      { text: 'a', start: -0.1, end: 0.5 },
    ];
    assert.deepEqual(plain({ words }), [
      ['a', 100, 100.5],
      ['b', 105, 110],
    ]);
  });

  test('get their punctuation back from the text, or stay as they are when the text says something else', () => {
    const words = [
      { word: 'well', start: 0, end: 1 },
      { word: "don't", start: 1, end: 2 },
      { word: 'go', start: 2, end: 3 },
    ];
    const texts = (text: string) => plain({ text, words }).map(([word]) => word);
    assert.deepEqual(texts("“Well, don't go!”"), ['“Well,', "don't", 'go!”']);
    assert.deepEqual(texts('Something else.'), ['well', "don't", 'go']);
  });

  test('confidence only where the server gives a probability', () => {
    const words = [
      { word: 'a', start: 0, end: 1, probability: 0.5 },
      { word: 'b', start: 1, end: 2 },
      { word: 'c', start: 2, end: 3, confidence: 7 },
    ];
    assert.deepEqual(
      parse({ words }).words.map(({ confidence }) => confidence),
      [0.5, null, null],
    );
  });

  test('of segments without words share the segment by length; of bare text the chunk', () => {
    const segments = [{ text: ' ab abcd ', start: 2, end: 10, id: 1 }];
    assert.deepEqual(plain({ text: 'ab abcd', segments }), [
      ['ab', 102, 105],
      ['abcd', 105, 110],
    ]);
    assert.deepEqual(plain({ text: 'a b' }), [
      ['a', 100, 105],
      ['b', 105, 110],
    ]);
    assert.deepEqual(
      plain({ segments: [{ text: 'x', start: 0, end: 1, words: [{ word: 'x', start: 0.2, end: 0.4 }] }] }),
      [['x', 100.2, 100.4]],
    );
  });

  test('silence gives none', () => {
    for (const json of [{ text: '' }, { text: '', words: [], segments: [] }, { words: [] }])
      assert.deepEqual(plain(json), []);
  });

  test('nonsense throws', () => {
    for (const json of [
      null,
      'x',
      [],
      {},
      { words: [{ word: 'a' }] },
      { words: [{ start: 0, end: 1 }] },
      { text: 'x', error: { message: 'y' } },
    ])
      assert.throws(() => parse(json), { name: 'ZodError' }, JSON.stringify(json));
  });
});

test('languages by name or code, null for the unknown', () => {
  const names = {
    english: 'en',
    German: 'de',
    'pt-BR': 'pt',
    yue: 'yue',
    cantonese: 'yue',
    mandarin: 'zh',
    'haitian creole': 'ht',
    unknown: null,
    auto: null,
    '': null,
  };
  for (const [name, code] of Object.entries(names)) assert.equal(languageCode(name), code, name);
});

test('Retry-After in seconds or as a date, null otherwise', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfter('120', now), 120_000);
  assert.equal(retryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30_000);
  assert.equal(retryAfter('Thu, 01 Jan 2020 00:00:30 GMT', now), 0);
  for (const header of [null, '', 'soon', '-1', '1.5']) assert.equal(retryAfter(header, now), null);
});

test('breaker: rests double, opens at the threshold, tries half-open, closes on an answer, keeps a pause asked for', () => {
  const one = breaker({ threshold: 2, baseMs: 100, maxMs: 300 }, () => 0);
  assert.equal(one.failed(0, null), false);
  assert.deepEqual([one.state(0), one.availableAt()], ['closed', 50]);
  assert.equal(one.failed(1000, null), true);
  assert.deepEqual([one.state(1000), one.availableAt(), one.state(1100)], ['open', 1100, 'half_open']);
  assert.equal(one.failed(2000, null), false);
  assert.equal(one.availableAt(), 2150); // 100 * 2 ** 2 is above the maximum
  one.rest(2000, 5000);
  one.answered();
  assert.deepEqual([one.state(2000), one.availableAt()], ['closed', 7000]);
  one.kill();
  assert.deepEqual([one.state(9e9), one.availableAt()], ['dead', Infinity]);
});
