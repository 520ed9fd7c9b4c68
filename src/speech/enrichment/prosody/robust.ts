/** Values, and how much each of them counts. */
export interface Weighted {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

/** The value that half of the weight lies below; between two values when it falls right there. NaN without values. */
export function weightedMedian({ values, weights }: Weighted): number {
  const value = (at: number): number => values[at] as number;
  const weight = (at: number): number => weights[at] as number;
  const order = Uint32Array.from(values.keys())
    .filter((at) => weight(at) > 0)
    .sort((a, b) => value(a) - value(b));
  const half = order.reduce((sum, at) => sum + weight(at), 0) / 2;
  let below = 0;
  for (const [i, at] of order.entries()) {
    below += weight(at);
    if (below > half + 1e-9) return value(at);
    const next = order[i + 1];
    if (Math.abs(below - half) <= 1e-9 && next !== undefined) return (value(at) + value(next)) / 2;
  }
  return NaN;
}

/** Scales the median absolute deviation to the standard deviation of a normal distribution. */
const MAD_TO_STD = 1.4826;

/** A standard deviation that a few wild values do not move. */
export function robustDeviation({ values, weights }: Weighted, centre: number): number {
  return MAD_TO_STD * weightedMedian({ values: values.map((value) => Math.abs(value - centre)), weights });
}

/** The value in the middle, or between the two there. NaN without values. */
export function median(values: Float64Array): number {
  const sorted = values.toSorted();
  const half = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[half] as number;
  return ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}
