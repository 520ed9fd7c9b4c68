import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { englishSyllables } from '../../../src/speech/enrichment/english-syllables.ts';
import { countSyllables } from '../../../src/speech/enrichment/syllables.ts';

const count = (language: string | null, counts: Readonly<Record<string, number | null>>): void => {
  for (const [word, expected] of Object.entries(counts))
    assert.equal(countSyllables(word, language), expected, `${word} (${language})`);
};

test('English: silent letters, endings and vowels spoken apart', () => {
  count('en', { ask: 1, table: 2, make: 1, makes: 1, boxes: 2, wanted: 2, asked: 1, settled: 2, lonely: 2 });
  count('en', {
    Americans: 4,
    country: 2,
    everything: 3,
    something: 2,
    people: 2,
    idea: 3,
    science: 2,
    rhythm: 2,
  });
  count('en', {
    "don't": 1,
    "didn't": 2,
    "we've": 1,
    'you’re': 1,
    'well-known': 2,
    'OK,': 2,
    hmm: 1,
    HTML: 4,
  });
});

const DICTIONARY = '/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict';
test(
  'English: nine of ten words of the pronouncing dictionary',
  { skip: existsSync(DICTIONARY) ? false : 'the dictionary of pocketsphinx-en-us is not installed' },
  async () => {
    const truth = new Map<string, Set<number>>();
    for (const line of (await readFile(DICTIONARY, 'utf8')).split('\n')) {
      const [entry = '', ...phones] = line.trim().split(' ');
      const word = entry.replace(/\(\d+\)$/, '');
      if (!/^[a-z']{2,}$/.test(word)) continue;
      const vowels = phones.filter((phone) => /^[AEIOU]/.test(phone)).length;
      truth.set(word, (truth.get(word) ?? new Set()).add(vowels));
    }
    const right = [...truth].filter(([word, counts]) => counts.has(englishSyllables(word))).length;
    assert.ok(truth.size > 100_000);
    assert.ok(right / truth.size > 0.9, `${right} of ${truth.size}`);
  },
);

test('other languages of the Latin script', () => {
  count('de', { Straße: 2, Eier: 2, Qualität: 3, Feuer: 2, Mai: 1 });
  count('es', { día: 2, país: 2, gracias: 2, guerra: 2, niño: 2 });
  count('fr', { table: 1, université: 5, école: 2, naïf: 2, le: 1 });
  count('it', { casa: 2 });
  count(null, { casa: 2, ação: 2 });
});

test('other scripts by their own rules', () => {
  count('ru', { привет: 2, здравствуйте: 3, в: 0, СССР: 4 });
  count('el', { καλημέρα: 4, και: 1, ουρανός: 3 });
  count('ko', { 안녕하세요: 5 });
  count('zh', { 你好: 2, '再见。': 2 });
  count('ja', { こんにちは: 5, きょう: 2, コーヒー: 4 });
  count('hi', { नमस्ते: 3 });
});

test('what letters do not tell is null, punctuation is nothing', () => {
  count('en', { '1961': null, '5%': null, $: null, B2B: null, '...': 0, '—': 0, '': 0 });
  count('ar', { مرحبا: null });
  count('ja', { 東京: null, 食べる: null });
});

test('a very long word takes no longer than its length', () => {
  for (const word of [
    'a'.repeat(200_000),
    'ea'.repeat(100_000),
    'sm'.repeat(100_000),
    "a'".repeat(100_000),
  ]) {
    const start = performance.now();
    for (const language of ['en', 'fr', 'el', null]) countSyllables(word, language);
    assert.ok(performance.now() - start < 2000, `${word.slice(0, 4)}…: ${performance.now() - start} ms`);
  }
});
