import type { Word } from '../../../transcript/schema.ts';

const MARKS = /^[\p{P}\p{S}\s]*$/u;
const MARKS_AFTER = /^[\p{P}\p{S}]+/u;
const MARKS_BEFORE = /[\p{P}\p{S}]+$/u;

/**
 * OpenAI's word lists come without the punctuation that stands in the text: this gives every word the marks around it.
 * When the words cannot be followed through the text (it says something else), they are returned as they came.
 */
export function withPunctuation(words: readonly Word[], text: string): Word[] {
  const lower = text.toLowerCase();
  if (lower.length !== text.length) return [...words]; // a few letters change length, positions would be off
  const dressed: Word[] = [];
  let at = 0;
  for (const word of words) {
    const found = lower.indexOf(word.text.toLowerCase(), at);
    if (found < 0 || !MARKS.test(text.slice(at, found))) return [...words];
    const end = found + word.text.length;
    const before = MARKS_BEFORE.exec(text.slice(at, found))?.[0] ?? '';
    const after = MARKS_AFTER.exec(text.slice(end))?.[0] ?? '';
    dressed.push({ ...word, text: before + text.slice(found, end) + after });
    at = end + after.length;
  }
  return dressed;
}
