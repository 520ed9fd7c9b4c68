import type { SpeakerCount } from './diarization.ts';

/** What a linker has to know about voices, however an engine describes them. */
export interface Likeness<V> {
  /** The voice of both. */
  join(a: V, b: V): V;
  /**
   * Which of them are one speaker: a number for each, 0, 1, … by first item. Never fewer than `atLeast` speakers (while
   * there are as many voices), never more than `atMost`.
   */
  group(voices: readonly V[], atLeast: number, atMost: number): number[];
}

/** Collects the voices of all blocks and finds out in the end which of them are one speaker. */
export interface Linker<V> {
  /** Takes a voice of a block; returns its number. */
  add(voice: V): number;
  /** The speaker of every voice added, by the voice's number. */
  speakers(): number[];
}

/** Voices are told apart among at most this many; when there are more, the most alike are joined to half of it. */
export const MOST_VOICES = 64;

/**
 * Links voices across blocks. Never more than MOST_VOICES are kept, so the cost of a block does not depend on how many
 * came before it, and the cost and memory of a recording grow linearly with its length.
 */
export function createLinker<V>(likeness: Likeness<V>, count: SpeakerCount): Linker<V> {
  let kept: V[] = [];
  let placeOf: number[] = []; // of every voice, in `kept`
  const reduce = (atLeast: number, atMost: number): void => {
    if (kept.length < 2) return;
    const labels = likeness.group(kept, atLeast, atMost);
    const joined: V[] = [];
    labels.forEach((label, i) => {
      const other = joined[label];
      joined[label] = other === undefined ? (kept[i] as V) : likeness.join(other, kept[i] as V);
    });
    kept = joined;
    placeOf = placeOf.map((place) => labels[place] as number);
  };
  return {
    add(voice) {
      if (kept.length >= MOST_VOICES) reduce(MOST_VOICES / 2, MOST_VOICES / 2);
      placeOf.push(kept.length);
      kept.push(voice);
      return placeOf.length - 1;
    },
    speakers() {
      reduce(count.speakers ?? count.min ?? 1, count.speakers ?? count.max ?? Infinity);
      return [...placeOf];
    },
  };
}
