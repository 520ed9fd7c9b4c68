import { join, type Statistics } from './statistics.ts';
import { evidence, type Prior } from './voice-model.ts';

/** How many clusters may remain. */
export interface ClusterCount {
  /** Never fewer than this, while there are as many items. */
  readonly atLeast: number;
  /** Merge down to this many even when voices differ. */
  readonly atMost: number;
}

/**
 * Two clusters are two speakers when they are less alike than the items within them by this much (log odds for two
 * voices a hundred frames). Same speakers stay below 10 and others are above 20, on mixes of synthetic voices and on
 * real meetings alike, because the measure is relative: some voices and rooms vary more than others.
 */
const SPEAKER_DIFFERENCE = 14;
/** What pieces of one speech of one speaker usually score, and for how many observed pairs that expectation counts. */
const USUAL_SCORE = -12;
const USUAL_WEIGHT = 4;
/** Shorter items count as if they had so many frames, lest their scores explode. */
const LEAST_FRAMES = 30;

/** What is known of pairs of items besides how they sound; both are asked with the larger index first. */
export interface PairKnowledge {
  /** Neighbours within one stretch of speech: mostly one speaker. They tell how much one voice varies here. */
  readonly adjacent?: (i: number, j: number) => boolean;
  /** Surely two speakers. */
  readonly apart?: (i: number, j: number) => boolean;
}

/**
 * Agglomerative clustering with average linkage: again and again the two clusters are joined that differ least from each
 * other compared with how much their own items differ. Returns the cluster (0, 1, …, by first item) of every item; the
 * earliest pair wins a tie. Evaluates items squared pairs.
 */
export function cluster(
  items: readonly Statistics[],
  prior: Prior,
  count: ClusterCount,
  known: PairKnowledge = {},
): number[] {
  const scores = pairScores(items, prior, known);
  const expected = expectedScore(scores, known);
  const clusters: (Cluster | null)[] = items.map((item) => ({
    frames: item.count,
    items: 1,
    pairs: 0,
    sum: 0,
    within: expected,
  }));
  const label = items.map((_, i) => i);
  for (let left = items.length; left > Math.max(1, count.atLeast); left--) {
    const best = leastDifferent(scores, clusters);
    if (best.difference > SPEAKER_DIFFERENCE && left <= count.atMost) break;
    const [a, b] = [clusters[best.j] as Cluster, clusters[best.i] as Cluster];
    const between = (scores[best.i] as Float64Array)[best.j] as number;
    averageScores(scores, clusters, best.j, best.i);
    clusters[best.j] = merged(a, b, between, expected);
    clusters[best.i] = null;
    for (let k = 0; k < label.length; k++) if (label[k] === best.i) label[k] = best.j;
  }
  const names = [...new Set(label)];
  return label.map((name) => names.indexOf(name));
}

interface Cluster {
  readonly frames: number;
  readonly items: number;
  /** Pairs of items within the cluster, and the sum of their scores. */
  readonly pairs: number;
  readonly sum: number;
  /** Mean score within, drawn towards what is expected. */
  readonly within: number;
}

function merged(a: Cluster, b: Cluster, between: number, expected: number): Cluster {
  const pairs = a.pairs + b.pairs + a.items * b.items;
  const sum = a.sum + b.sum + between * a.items * b.items;
  return {
    frames: a.frames + b.frames,
    items: a.items + b.items,
    pairs,
    sum,
    within: (sum + USUAL_WEIGHT * expected) / (pairs + USUAL_WEIGHT),
  };
}

/** Scores that keep two items apart in every average. */
const APART = 10_000;

/** Row i holds the scores of item i with all before it: log odds for two voices, a hundred frames. */
function pairScores(items: readonly Statistics[], prior: Prior, known: PairKnowledge): Float64Array[] {
  const own = items.map((item) => evidence(item, prior));
  return items.map((a, i) =>
    Float64Array.from({ length: i }, (_, j) => {
      if (known.apart?.(i, j)) return APART;
      const b = items[j] as Statistics;
      const frames = (2 * a.count * b.count) / (a.count + b.count);
      const odds = (own[i] as number) + (own[j] as number) - evidence(join(a, b), prior);
      return (100 * odds) / Math.max(frames, LEAST_FRAMES);
    }),
  );
}

/** The median score of neighbours, drawn towards the usual one when there are few. */
function expectedScore(scores: readonly Float64Array[], known: PairKnowledge): number {
  const seen: number[] = [];
  for (let i = 1; i < scores.length; i++)
    if (known.adjacent?.(i, i - 1)) seen.push((scores[i] as Float64Array)[i - 1] as number);
  seen.sort((a, b) => a - b);
  const median = seen[seen.length >> 1] ?? 0;
  return (median * seen.length + USUAL_SCORE * USUAL_WEIGHT) / (seen.length + USUAL_WEIGHT);
}

function leastDifferent(
  scores: readonly Float64Array[],
  clusters: readonly (Cluster | null)[],
): { i: number; j: number; difference: number } {
  const best = { i: -1, j: -1, difference: Infinity };
  clusters.forEach((a, i) => {
    if (a === null) return;
    const row = scores[i] as Float64Array;
    for (let j = 0; j < i; j++) {
      const b = clusters[j];
      if (!b) continue;
      const within = (a.frames * a.within + b.frames * b.within) / (a.frames + b.frames);
      const difference = (row[j] as number) - within;
      if (difference < best.difference) Object.assign(best, { i, j, difference });
    }
  });
  return best;
}

/** Row and column `into` become the averages with those of `from`, weighted by frames. */
function averageScores(
  scores: readonly Float64Array[],
  clusters: readonly (Cluster | null)[],
  into: number,
  from: number,
): void {
  const [a, b] = [clusters[into] as Cluster, clusters[from] as Cluster];
  for (let k = 0; k < clusters.length; k++) {
    if (clusters[k] === null || k === into || k === from) continue;
    const score = (other: number): number =>
      (scores[Math.max(k, other)] as Float64Array)[Math.min(k, other)] as number;
    (scores[Math.max(k, into)] as Float64Array)[Math.min(k, into)] =
      (a.frames * score(into) + b.frames * score(from)) / (a.frames + b.frames);
  }
}
