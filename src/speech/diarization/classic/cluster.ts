import { join, type Statistics } from './statistics.ts';
import { evidence, limited, type Prior } from './voice-model.ts';

/** Log odds by which two voices must differ to be two speakers. Tuned on mixes of synthetic voices and real meetings. */
export const SPEAKER_THRESHOLD = 30;

/** When merging stops: at a number of clusters, or when no two of them are probably one voice. */
export interface StopRule {
  /** Never fewer clusters than this. */
  readonly atLeast: number;
  /** Merge down to this many even when voices differ. */
  readonly atMost: number;
  /** Log odds for two voices that must be beaten to keep two clusters apart. */
  readonly threshold: number;
}

/**
 * Agglomerative clustering: the two clusters that most probably are one voice are joined, again and again.
 * Returns the cluster (0, 1, …, by first item) of every item. The earliest pair wins a tie. Cost: items squared.
 */
export function agglomerate(items: readonly Statistics[], prior: Prior, rule: StopRule): number[] {
  const label = items.map((_, i) => i);
  const clusters: (Statistics | null)[] = [...items];
  const heard = items.map(limited);
  const own = heard.map((item) => evidence(item, prior));
  const apart = (i: number, j: number): number =>
    (own[i] as number) +
    (own[j] as number) -
    evidence(join(heard[i] as Statistics, heard[j] as Statistics), prior);
  const odds = items.map((_, i) => Float64Array.from({ length: i }, (_unused, j) => apart(i, j)));
  for (let left = items.length; left > Math.max(1, rule.atLeast); left--) {
    const best = nearest(odds, clusters);
    if (best.odds > rule.threshold && left <= rule.atMost) break;
    clusters[best.j] = join(clusters[best.i] as Statistics, clusters[best.j] as Statistics);
    clusters[best.i] = null;
    heard[best.j] = limited(clusters[best.j] as Statistics);
    own[best.j] = evidence(heard[best.j] as Statistics, prior);
    for (let k = 0; k < label.length; k++) if (label[k] === best.i) label[k] = best.j;
    for (let k = 0; k < clusters.length; k++) {
      if (clusters[k] === null || k === best.j) continue;
      const [row, column] = k > best.j ? [k, best.j] : [best.j, k];
      (odds[row] as Float64Array)[column] = apart(row, column);
    }
  }
  const names = [...new Set(label)];
  return label.map((cluster) => names.indexOf(cluster));
}

function nearest(
  odds: readonly Float64Array[],
  clusters: readonly unknown[],
): { i: number; j: number; odds: number } {
  const best = { i: -1, j: -1, odds: Infinity };
  for (let i = 0; i < odds.length; i++) {
    if (clusters[i] === null) continue;
    const row = odds[i] as Float64Array;
    for (let j = 0; j < i; j++) {
      if (clusters[j] === null || (row[j] as number) >= best.odds) continue;
      best.i = i;
      best.j = j;
      best.odds = row[j] as number;
    }
  }
  return best;
}
