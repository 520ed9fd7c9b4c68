import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../../samples/noise.ts';
import { wordErrorRate } from '../../src/scoring/wer.ts';
import { normaliseWords } from '../../src/scoring/words.ts';
import { sclite, withoutNist, type Pair } from './nist.ts';

const rate = (reference: string, hypothesis: string): ReturnType<typeof wordErrorRate> =>
  wordErrorRate(normaliseWords(reference), normaliseWords(hypothesis));

test('counts substitutions, deletions and insertions', () => {
  assert.deepEqual(rate('the cat sat on the mat', 'the cat sit on mat today'), {
    errors: 3,
    substitutions: 1,
    deletions: 1,
    insertions: 1,
    words: 6,
    wer: 0.5,
  });
});

test('case, punctuation and the kind of apostrophe are no errors', () => {
  assert.equal(rate('Well — it’s nine o’clock, isn’t it?', "well it's nine O'Clock isn't it").errors, 0);
});

test('everything inserted can make more errors than there are words', () => {
  assert.equal(rate('no', 'I do not know').wer, 4);
});

test('an empty reference gives 0 for an empty hypothesis and Infinity for any word', () => {
  assert.equal(rate('', '').wer, 0);
  assert.equal(rate('', 'ghost').wer, Infinity);
  assert.equal(rate('nothing came', '').wer, 1);
});

test('words are cut at punctuation and hyphens, numbers are kept whole', () => {
  assert.deepEqual(normaliseWords("'Well-known' words: 3.5 of 1,000,000, e.g. Müller's."), [
    ...['well', 'known', 'words', '3.5', 'of', '1000000', 'e', 'g', "müller's"],
  ]);
  assert.deepEqual(normaliseWords('Ｆｕｌｌ ① नमस्ते'), ['full', '1', 'नमस्ते']);
  assert.deepEqual(normaliseWords(' … '), []);
});

test('agrees with sclite on random texts, ties included', { skip: withoutNist }, async () => {
  const next = random(7);
  const upTo = (most: number): number => Math.floor(((next() + 1) / 2) * most);
  const vocabulary = ['alpha', 'bravo', 'charlie', 'delta', 'echo'];
  const pairs: Pair[] = Array.from({ length: 2000 }, () => {
    const size = 2 + upTo(4);
    const words = (): string[] =>
      Array.from({ length: 1 + upTo(20) }, () => vocabulary[upTo(size)] ?? 'echo');
    return { reference: words(), hypothesis: words() };
  });
  const theirs = await sclite(pairs);
  pairs.forEach(({ reference, hypothesis }, index) => {
    const ours = wordErrorRate(reference, hypothesis);
    assert.deepEqual(
      [ours.substitutions, ours.deletions, ours.insertions],
      theirs[index],
      `${reference.join(' ')} | ${hypothesis.join(' ')}`,
    );
  });
});
