import type { ClusterCount } from './cluster.ts';
import { drawn, expectedWithin, pairScores, scoreOf, type Scores } from './scores.ts';
import type { Statistics } from './statistics.ts';
import type { Prior } from './voice-model.ts';

/** Voices of different blocks are two speakers when they differ by this much more than those joined already. */
const SPEAKER_DIFFERENCE = 14;
/** Score that keeps two voices apart in every average. */
const APART = 10_000;

/**
 * Agglomerative clustering with average linkage: again and again the two clusters are joined that differ least from each
 * other compared with how much their own voices differ. Returns the cluster (0, 1, …, by first voice) of every voice;
 * the earliest pair wins a tie. `apart` tells of a voice and an earlier one that they are surely two speakers. Evaluates
 * voices squared pairs.
 */
export function agglomerate(
  voices: readonly Statistics[],
  prior: Prior,
  count: ClusterCount,
  apart: (voice: number, earlier: number) => boolean,
): number[] {
  const scores = pairScores(voices, prior);
  scores.forEach((row, i) => row.forEach((_, j) => apart(i, j) && (row[j] = APART)));
  const expected = expectedWithin([]);
  const clusters: (Cluster | null)[] = voices.map((voice) => ({
    frames: voice.count,
    voices: 1,
    pairs: 0,
    sum: 0,
    within: expected,
  }));
  const label = voices.map((_, i) => i);
  for (let left = voices.length; left > Math.max(1, count.atLeast); left--) {
    const best = leastDifferent(scores, clusters);
    if (best.difference > SPEAKER_DIFFERENCE && left <= count.atMost) break;
    const [a, b] = [clusters[best.j] as Cluster, clusters[best.i] as Cluster];
    const between = scoreOf(scores, best.i, best.j);
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
  readonly voices: number;
  /** Pairs of voices within the cluster, and the sum of their scores. */
  readonly pairs: number;
  readonly sum: number;
  /** Mean score within, drawn towards what is expected. */
  readonly within: number;
}

function merged(a: Cluster, b: Cluster, between: number, expected: number): Cluster {
  const pairs = a.pairs + b.pairs + a.voices * b.voices;
  const sum = a.sum + b.sum + between * a.voices * b.voices;
  return {
    frames: a.frames + b.frames,
    voices: a.voices + b.voices,
    pairs,
    sum,
    within: drawn(sum, pairs, expected),
  };
}

function leastDifferent(
  scores: Scores,
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
  scores: Scores,
  clusters: readonly (Cluster | null)[],
  into: number,
  from: number,
): void {
  const [a, b] = [clusters[into] as Cluster, clusters[from] as Cluster];
  for (let k = 0; k < clusters.length; k++) {
    if (clusters[k] === null || k === into || k === from) continue;
    (scores[Math.max(k, into)] as Float64Array)[Math.min(k, into)] =
      (a.frames * scoreOf(scores, k, into) + b.frames * scoreOf(scores, k, from)) / (a.frames + b.frames);
  }
}
