import { scoreOf, type Scores } from './scores.ts';

/** Every item is joined to the items most like it: to so many at most… */
const MOST_NEIGHBOURS = 8;
/** …and to this share of all, but never to fewer than two. */
const NEIGHBOUR_SHARE = 0.25;
const POWER_STEPS = 300;
const STARTS = 4;
const MOST_ROUNDS = 30;

/** Gives the group (0, 1, …, by first item) of every item when they are divided into `groups`. */
export type Partition = (groups: number) => number[];

/**
 * Spectral clustering (Ng, Jordan and Weiss 2001) on the graph of nearest neighbours, which an odd item cannot upset as
 * it does an average: rows of the first eigenvectors of the normalised graph, scaled to length 1, are divided by
 * k-means. Takes at most `most` groups, and no more than there are items. Deterministic.
 */
export function spectralPartitions(scores: Scores, most: number): Partition {
  const vectors = eigenvectors(neighbours(scores), Math.min(most, scores.length));
  return (groups) => byFirst(bestMeans(directions(vectors, groups), groups));
}

interface Edge {
  readonly to: number;
  weight: number;
}

/** The symmetric graph of nearest neighbours, weights divided by the square roots of both degrees. */
function neighbours(scores: Scores): readonly Edge[][] {
  const count = scores.length;
  const nearest = Math.max(2, Math.min(MOST_NEIGHBOURS, Math.round(count * NEIGHBOUR_SHARE)));
  const weights = scores.map(() => new Map<number, number>());
  scores.forEach((_, i) => {
    const others = scores.map((_unused, j) => j).filter((j) => j !== i);
    others.sort((a, b) => scoreOf(scores, i, a) - scoreOf(scores, i, b) || a - b);
    for (const j of others.slice(0, nearest))
      for (const [a, b] of [
        [i, j],
        [j, i],
      ] as const) {
        const row = weights[a] as Map<number, number>;
        row.set(b, (row.get(b) ?? 0) + 0.5);
      }
  });
  const degree = weights.map((row) => [...row.values()].reduce((sum, weight) => sum + weight, 0));
  return weights.map((row, i) =>
    [...row].map(([to, weight]) => ({
      to,
      weight: weight / Math.sqrt((degree[i] as number) * (degree[to] as number)),
    })),
  );
}

/** The leading eigenvectors, by orthogonal iteration of half the identity plus half the graph, which is never negative. */
function eigenvectors(graph: readonly Edge[][], count: number): Float64Array[] {
  let state = 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  let vectors = Array.from({ length: count }, () => Float64Array.from(graph, random));
  for (let step = 0; step < POWER_STEPS; step++) {
    vectors = vectors.map((vector) =>
      Float64Array.from(graph, (edges, i) => {
        let sum = vector[i] as number;
        for (const { to, weight } of edges) sum += weight * (vector[to] as number);
        return sum / 2;
      }),
    );
    orthonormalise(vectors);
  }
  return vectors;
}

/** Gram and Schmidt, in place. */
function orthonormalise(vectors: readonly Float64Array[]): void {
  vectors.forEach((vector, v) => {
    for (const before of vectors.slice(0, v)) {
      const along = dot(vector, before);
      for (let i = 0; i < vector.length; i++)
        vector[i] = (vector[i] as number) - along * (before[i] as number);
    }
    const length = Math.sqrt(dot(vector, vector)) || 1;
    for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) / length;
  });
}

/** Every item's place on the unit sphere of the first `dimensions` eigenvectors. */
function directions(vectors: readonly Float64Array[], dimensions: number): Float64Array[] {
  return Array.from(vectors[0] as Float64Array, (_, i) => {
    const row = Float64Array.from(
      { length: dimensions },
      (_unused, v) => (vectors[v] as Float64Array)[i] as number,
    );
    const length = Math.sqrt(dot(row, row)) || 1;
    return row.map((value) => value / length);
  });
}

/** The best of some runs of k-means, each from another item and the items then farthest from all chosen ones. */
function bestMeans(points: readonly Float64Array[], groups: number): number[] {
  let best = { error: Infinity, labels: points.map(() => 0) };
  for (let start = 0; start < STARTS; start++) {
    const first = points[Math.floor((start * points.length) / STARTS)] as Float64Array;
    const found = means(points, farthestFirst(points, first, groups));
    if (found.error < best.error - 1e-9) best = found;
  }
  return best.labels;
}

function farthestFirst(points: readonly Float64Array[], first: Float64Array, count: number): Float64Array[] {
  const chosen = [first];
  const nearest = points.map((point) => distance(point, first));
  while (chosen.length < count) {
    const next = points[nearest.indexOf(Math.max(...nearest))] as Float64Array;
    chosen.push(next);
    points.forEach((point, i) => (nearest[i] = Math.min(nearest[i] as number, distance(point, next))));
  }
  return chosen;
}

function means(
  points: readonly Float64Array[],
  from: readonly Float64Array[],
): { error: number; labels: number[] } {
  let centres = from;
  let labels: number[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = points.map((point) => nearestOf(point, centres));
    if (next.every((label, i) => label === labels[i])) break;
    labels = next;
    centres = centres.map((centre, c) => mean(points.filter((_, i) => labels[i] === c)) ?? centre);
  }
  const error = points.reduce(
    (sum, point, i) => sum + distance(point, centres[labels[i] as number] as Float64Array),
    0,
  );
  return { error, labels };
}

function nearestOf(point: Float64Array, centres: readonly Float64Array[]): number {
  let [nearest, least] = [0, Infinity];
  centres.forEach((centre, c) => {
    const away = distance(point, centre);
    if (away < least) [nearest, least] = [c, away];
  });
  return nearest;
}

function mean(points: readonly Float64Array[]): Float64Array | null {
  const [first] = points;
  if (first === undefined) return null;
  return first.map((_, d) => points.reduce((sum, point) => sum + (point[d] as number), 0) / points.length);
}

function byFirst(labels: readonly number[]): number[] {
  const names = [...new Set(labels)];
  return labels.map((label) => names.indexOf(label));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}
