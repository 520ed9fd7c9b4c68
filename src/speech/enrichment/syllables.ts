import { englishSyllables } from './english-syllables.ts';

/**
 * The syllables of one word as the recogniser wrote it, or null where its letters do not tell: digits and signs that
 * stand for words (5, %, &), and scripts without a rule here (Arabic, Hebrew, Thai, …). Punctuation alone counts 0.
 * `language` (ISO 639, null: not known) picks finer rules where there are some; other languages of the Latin script
 * count their groups of vowels. Time is linear in the word's length.
 */
export function countSyllables(word: string, language: string | null): number | null {
  if (READ_AS_WORDS.test(word)) return null;
  let total = 0;
  for (const [part] of word.normalize('NFC').toLowerCase().matchAll(LETTERS)) {
    const rule = SCRIPTS.find(({ script }) => script.test(part));
    const own = rule?.count(part, language) ?? null;
    if (own === null) return null;
    total += own;
  }
  return total;
}

/** Spoken as words that the spelling does not show. */
const READ_AS_WORDS = /[\p{N}\p{Sc}\p{Sm}%‰&@#§°]/u;
/** Runs of letters and their marks; an apostrophe inside belongs to the word. */
const LETTERS = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu;

const HAN = /\p{Script=Han}/u;
const MORAE = /[[\p{Script=Hiragana}\p{Script=Katakana}ー]--[ぁぃぅぇぉゃゅょゎァィゥェォャュョヮ]]/gv;

interface ScriptRule {
  readonly script: RegExp;
  readonly count: (part: string, language: string | null) => number | null;
}

/** The first script that a run of letters contains decides: kana before Han, so that Japanese is counted as such. */
const SCRIPTS: readonly ScriptRule[] = [
  { script: /\p{Script=Hangul}/u, count: counting(/[\uac00-\ud7a3]/gu) },
  // Morae: each kana, the long mark and the final n; small glides belong to the kana before. Kanji do not show theirs.
  {
    script: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
    count: (part) => (HAN.test(part) ? null : count(part, MORAE)),
  },
  { script: HAN, count: (part, language) => (language === 'ja' ? null : count(part, /\p{Script=Han}/gu)) },
  {
    script: /\p{Script=Cyrillic}/u,
    count: (part) => clitic(part, count(part, /[аеёиоуыэюяіїєѣѵүұөәӑӗӱӳѐѝ]/gu)),
  },
  // Vowel letters, but two that are written for one sound (ου αι ει οι υι αυ ευ ηυ) unless an accent parts them.
  {
    script: /\p{Script=Greek}/u,
    count: counting(/ο[υύ]|[αε][ιίυύ]|ο[ιί]|υ[ιί]|η[υύ]|[αάεέηήιίϊΐοόυύϋΰωώ]/gu),
  },
  // Each consonant carries a vowel unless a virama joins it to the next: written syllables, not the silent last vowel.
  { script: /\p{Script=Devanagari}/u, count: counting(/[\u0904-\u0939\u0958-\u0961](?!\u094d)/gu) },
  { script: /\p{Script=Latin}/u, count: countLatin },
];

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function counting(pattern: RegExp): (part: string) => number {
  return (part) => Math.max(1, count(part, pattern));
}

/** Russian в, к and с lean on the next word; longer runs of consonants are spelled out, a syllable a letter. */
function clitic(part: string, vowels: number): number {
  return vowels > 0 || part.length === 1 ? vowels : part.length;
}

function countLatin(part: string, language: string | null): number {
  if (language === 'en') return englishSyllables(part);
  const vowels = part.split(/['’]/u).reduce((sum, word) => sum + vowelGroups(word, language), 0);
  return Math.max(1, vowels);
}

const VOWELS = /[\p{Script=Latin}--[bcdfghjklmnpqrstvwxzçñßłśźżćńšžčřďťňðþŧđħĺľŕģķļņğş]]+/gv;
const GERMAN_VOWELS = /aa|ee|oo|ie|ei|ai|au|eu|äu|ay|ey|[aeiouyäöü]/gu;

/**
 * Groups of vowels; German counts its own pairs. A diaeresis parts a group (naïf), and so does an accent on the weak
 * vowel of a pair (día, país). The y of a French or Spanish word is a vowel unless another follows it. French does not
 * speak a last e or es after a consonant.
 */
function vowelGroups(word: string, language: string | null): number {
  if (language === 'de') return count(word.replace(/qu/gu, 'k'), GERMAN_VOWELS);
  const spoken = word
    .replace(/qu|gu(?=[eiéèêí])/gu, 'k')
    .replace(/y(?=[aeiouáéíóúàèêâîôû])/gu, 'j')
    .replace(/(?<=[aeou])[ïëü]|(?<=[aeo])[íú]|[íú](?=[aeo])/gu, (vowel) => `k${vowel}k`);
  const silent = language === 'fr' && /[^aeiouyéèêàâîôûïë]es?$/u.test(spoken) ? 1 : 0;
  return count(spoken, VOWELS) - silent;
}
