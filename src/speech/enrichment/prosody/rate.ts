import type { Segment } from '../../../transcript/schema.ts';
import { countSyllables } from '../syllables.ts';

/**
 * Speaking rate: words and syllables a second of the segment, its pauses included. Null without words or duration;
 * syllables also null where one of its words cannot be counted (see `countSyllables`).
 */
export function rateOf(
  segment: Segment,
  language: string | null,
): { readonly syllables_per_sec: number | null; readonly words_per_sec: number | null } {
  const seconds = segment.end - segment.start;
  const words = segment.words.length;
  if (words === 0 || seconds <= 0) return { syllables_per_sec: null, words_per_sec: null };
  let syllables: number | null = 0;
  for (const word of segment.words) {
    const count = countSyllables(word.text, language);
    syllables = syllables === null || count === null ? null : syllables + count;
  }
  return {
    syllables_per_sec: syllables === null || syllables === 0 ? null : syllables / seconds,
    words_per_sec: words / seconds,
  };
}
