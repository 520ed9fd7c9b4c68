/** A value and how much it counts. */
export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** The value that half of the weight lies below; between two values when it falls right there. NaN without values. */
export function weightedMedian(samples: readonly Weighted[]): number {
  const sorted = samples.filter(({ weight }) => weight > 0).sort((a, b) => a.value - b.value);
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let below = 0;
  for (const [i, { value, weight }] of sorted.entries()) {
    below += weight;
    if (below > half + 1e-9) return value;
    const next = sorted[i + 1];
    if (Math.abs(below - half) <= 1e-9 && next) return (value + next.value) / 2;
  }
  return NaN;
}

/** Scales the median absolute deviation to the standard deviation of a normal distribution. */
const MAD_TO_STD = 1.4826;

/** A standard deviation that a few wild values do not move. */
export function robustDeviation(samples: readonly Weighted[], centre: number): number {
  return (
    MAD_TO_STD *
    weightedMedian(samples.map(({ value, weight }) => ({ value: Math.abs(value - centre), weight })))
  );
}

/** The value in the middle, or between the two there. NaN without values. */
export function median(values: Float64Array): number {
  const sorted = values.toSorted();
  const half = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[half] as number;
  return ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}
