import { join, type Statistics } from './statistics.ts';
import { evidence, type Prior } from './voice-model.ts';

/** Shorter items count as if they had so many frames, lest their scores explode. */
const LEAST_FRAMES = 30;
/** What pieces of one speech of one speaker usually score, and for how many observed pairs that expectation counts. */
const USUAL_SCORE = -12;
const USUAL_WEIGHT = 4;

/** Row i holds how unlike item i is to each item before it: log odds for two voices, a hundred frames. */
export type Scores = readonly Float64Array[];

export function pairScores(items: readonly Statistics[], prior: Prior): Scores {
  const own = items.map((item) => evidence(item, prior));
  return items.map((a, i) =>
    Float64Array.from({ length: i }, (_, j) => {
      const b = items[j] as Statistics;
      const frames = (2 * a.count * b.count) / (a.count + b.count);
      const odds = (own[i] as number) + (own[j] as number) - evidence(join(a, b), prior);
      return (100 * odds) / Math.max(frames, LEAST_FRAMES);
    }),
  );
}

/** The score of two different items, in either order. */
export function scoreOf(scores: Scores, i: number, j: number): number {
  return (scores[Math.max(i, j)] as Float64Array)[Math.min(i, j)] as number;
}

/**
 * What two items of one voice are expected to score in this recording, as some voices and rooms vary more than others:
 * the median of `known` scores of such pairs, drawn towards the usual one when there are few.
 */
export function expectedWithin(known: readonly number[]): number {
  const sorted = [...known].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  return drawn(median * sorted.length, sorted.length, USUAL_SCORE);
}

/** The mean of `pairs` scores that add up to `sum`, drawn towards `expected` when there are few. */
export function drawn(sum: number, pairs: number, expected: number): number {
  return (sum + USUAL_WEIGHT * expected) / (pairs + USUAL_WEIGHT);
}
