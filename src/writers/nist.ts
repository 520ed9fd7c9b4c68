import type { Segment } from '../transcript/schema.ts';
import { oneLine } from './text.ts';

/**
 * A word as NIST's scoring tools want it: without the punctuation around it, without spaces, and without what they take
 * for markup (`;;` comments, `<…>` tags, `{ / }` alternatives), and without full stops between unspaced words. '' for a word that is nothing but punctuation.
 */
export function scoringToken(word: string): string {
  return oneLine(word)
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .replace(/[^\p{L}\p{N}\p{M}]+$/u, '')
    .replace(/;;+/g, ';')
    .replace(/[<>{}、。，！？；：]/g, '')
    .replaceAll(' ', '_');
}

/** Channels count from 1 in these formats; a recording without separate channels has one. */
export function scoringChannel(segment: Segment): number {
  return (segment.channel ?? 0) + 1;
}
