/**
 * The syllables of an English word in lower case, by its spelling: groups of vowel letters, less those that are silent,
 * plus neighbours that are spoken apart. At least 1. A word without a vowel is spelled out (html: 4).
 */
export function englishSyllables(word: string): number {
  const plain = word.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('’', "'");
  const known = IRREGULAR.get(plain);
  if (known !== undefined) return known;
  // The n't of didn't is a syllable after a consonant; all other short forms add none (we've, I'm, she'll).
  const negated = /[^aeiouyr]n't$/.test(plain) ? 1 : 0;
  const letters = plain.replace(/n?'[a-z]*$/, '').replace(/(?<=[aeiou])y(?=[aeiou])/g, 'j');
  if (!/[aeiouy]/.test(letters)) return negated === 1 ? 1 : spelledOut(letters);
  const groups = count(letters, /[aeiouy]+/g);
  const silent = SILENT.filter((pattern) => pattern.test(letters)).length;
  return Math.max(1, groups - silent + count(letters, APART)) + negated;
}

/** Each letter is a syllable, but w is three. Sounds that people make (hmm, shh) are one. */
function spelledOut(letters: string): number {
  return /^(?:h?m+|s?h+|z+|b+r+|p+s+t+)$/.test(letters)
    ? 1
    : Math.max(1, letters.length + 2 * count(letters, /w/g));
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Where an e is written and not spoken. Each takes one away. */
const SILENT: readonly RegExp[] = [
  // make, whole, league, unique; not table, where the l is a syllable
  /(?:[^aeiouyl]|[aeiouyrl]l|[aeiou][gq]u)e$/,
  // asked, called; not wanted, needed, settled
  /(?:[^aeiouytdl]|[aeiouyr]l|ll)ed$/,
  // makes; not boxes, faces, tables
  /(?:[^aeiouysxzcghl]|[aeiouyrl]l|[^cs]h)es$/,
  // lonely, careful, statement
  /[^aeiouyl]e(?:ly|ful|fully|less|ment|ments|ness)$/,
  // something, therefore, baseline, framework
  /^(?:some|there|here|where|fore|home|white|life|make|take|pipe|guide|frame|time|code|face|safe|line|file|base|name)(?=[^aeiouyrsdnl]|less|line|li|name)/,
  // basically
  /ically$/,
];

/** Two vowels that are two syllables, and the syllables that m makes alone. Each adds one. */
const APART =
  /(?<![cstgx])ia(?!ge)|[cst]iat|(?<!hav|[cstgxlnh])io(?!us$)|(?<=[^cstgxh][ln])io(?!n)|(?<![cstgx])ious$|iu|ii|(?<![cg])eo(?!u|p|r)|(?<![gq])ua|uou|uity|(?<=[^cst])iet|(?:[^cst])ier(?!c|ce)$|(?<!f)[dr]ien[ct]|(?:cl|^sc|^sal)ien|ying|eing|uing|oing|sm$|sms$|thm|creat(?!ur)|^idea(?!l)|^rea(?:ct|li[stz])|^re(?:use|open|o)|^co(?:er|al|or|op)/g;

/** Frequent words that the rules read wrongly, by their syllables. */
const IRREGULAR: ReadonlyMap<string, number> = new Map(
  [
    'eyes once st ms whose yes',
    'mr mrs dr ok business every evening being doing going seeing naive react people maybe ' +
      'something someone sometimes somewhere somehow science',
    'api everything everyone anyone anyway increment area idea',
    'everybody experience',
  ].flatMap((words, i) => words.split(' ').map((word) => [word, i + 1] as const)),
);
