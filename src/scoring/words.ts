/**
 * The words of a text as they are compared: Unicode NFKC, lower case, curly apostrophes as straight ones; everything
 * that is not a letter, a mark, a digit or an apostrophe inside a word separates words, so `well-known` is two and
 * punctuation is gone. A separator inside a number is part of it (`3.5`, `1,000` -> `1000`). Numbers are not spelled
 * out and contractions are not resolved: write the reference as it was spoken.
 */
export function normaliseWords(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, '');
  return plain.match(WORD) ?? [];
}

const WORD = /\d+(?:\.\d+)+|[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}\p{N}]+)*/gu;
