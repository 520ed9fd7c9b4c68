import { drawn, expectedWithin, pairScores, scoreOf, type Scores } from './scores.ts';
import { spectralPartitions } from './spectral.ts';
import type { Statistics } from './statistics.ts';
import type { Prior } from './voice-model.ts';

/** How many clusters there may be. */
export interface ClusterCount {
  /** Never fewer than this, while there are as many items. */
  readonly atLeast: number;
  readonly atMost: number;
}

/**
 * Two clusters are two speakers when they are less alike than the items within them by this much (log odds for two
 * voices a hundred frames). The measure is relative, because some voices and rooms vary more than others: one voice
 * divided mostly stays below 9, two are mostly above 12, on synthetic, acted and meeting speech alike.
 */
const SPEAKER_DIFFERENCE = 11;
/** And by at least this share of what the clearest division differs by: where voices are far apart, moods are as well. */
const CLEAREST_SHARE = 0.3;
/** More are not looked for in one block unless they are asked for. */
const MOST_SPEAKERS = 9;

/**
 * Which items are of one speaker: a number for each, 0, 1, … by first item. Items are divided into one group, two, three
 * and so on, as long as all groups differ from each other: the last such division is the speakers. `adjacent` tells whether an item and the
 * one before it are neighbours in one stretch of speech, so mostly of one speaker: they show how much a voice varies
 * here. Evaluates items squared pairs.
 */
export function cluster(
  items: readonly Statistics[],
  prior: Prior,
  count: ClusterCount,
  adjacent: (item: number) => boolean,
): number[] {
  const scores = pairScores(items, prior);
  const neighbours = scores.flatMap((row, i) => (i > 0 && adjacent(i) ? [row[i - 1] as number] : []));
  const expected = expectedWithin(neighbours);
  const least = Math.min(items.length, Math.max(1, count.atLeast));
  const most = Math.min(items.length, Math.max(least, Math.min(MOST_SPEAKERS, count.atMost)));
  const partition = spectralPartitions(scores, most);
  const divisions = Array.from({ length: most - least }, (_, i) => {
    const labels = partition(least + 1 + i);
    return { labels, difference: leastDifference(scores, items, labels, expected) };
  });
  const clearest = divisions.reduce((top, { difference }) => Math.max(top, difference), 0);
  const needed = Math.max(SPEAKER_DIFFERENCE, CLEAREST_SHARE * clearest);
  // Of many divisions of few items one is clear by chance: it must not count when a coarser one was not.
  const unclear = divisions.findIndex(({ difference }) => difference <= needed);
  const clear = unclear < 0 ? divisions : divisions.slice(0, unclear);
  return clear.at(-1)?.labels ?? partition(least);
}

/** By how much the two groups that differ least do so more than the items within them. */
function leastDifference(
  scores: Scores,
  items: readonly Statistics[],
  labels: readonly number[],
  expected: number,
): number {
  const groups = Math.max(...labels) + 1;
  const frames = new Float64Array(groups);
  const sums = new Float64Array(groups * groups);
  const pairs = new Float64Array(groups * groups);
  labels.forEach((a, i) => {
    frames[a] = (frames[a] as number) + (items[i] as Statistics).count;
    for (let j = 0; j < i; j++) {
      const b = labels[j] as number;
      const at = Math.max(a, b) * groups + Math.min(a, b);
      sums[at] = (sums[at] as number) + scoreOf(scores, i, j);
      pairs[at] = (pairs[at] as number) + 1;
    }
  });
  const within = (a: number): number => {
    const at = a * groups + a;
    // Items more alike than neighbours are repetitions (a jingle, a looped recording): no measure of a voice.
    const mean = drawn(sums[at] as number, pairs[at] as number, expected);
    return (frames[a] as number) * Math.max(mean, expected);
  };
  let least = Infinity;
  for (let a = 1; a < groups; a++)
    for (let b = 0; b < a; b++) {
      const between = (sums[a * groups + b] as number) / (pairs[a * groups + b] as number);
      const both = (frames[a] as number) + (frames[b] as number);
      least = Math.min(least, between - (within(a) + within(b)) / both);
    }
  return least;
}
