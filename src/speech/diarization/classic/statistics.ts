/** Sufficient statistics of a set of frames: how many, their sum, and the lower triangle of their outer products. */
export interface Statistics {
  readonly count: number;
  readonly sum: Float64Array;
  readonly products: Float64Array;
}

/** Adds frames up. `add` takes the `frames` of `dimensions` values at index `frame`. */
export function collect(data: Float32Array, dimensions: number, frames: Iterable<number>): Statistics {
  const sum = new Float64Array(dimensions);
  const products = new Float64Array((dimensions * (dimensions + 1)) / 2);
  let count = 0;
  for (const frame of frames) {
    const base = frame * dimensions;
    let at = 0;
    for (let i = 0; i < dimensions; i++) {
      const value = data[base + i] as number;
      sum[i] = (sum[i] as number) + value;
      for (let j = 0; j <= i; j++, at++)
        products[at] = (products[at] as number) + value * (data[base + j] as number);
    }
    count++;
  }
  return { count, sum, products };
}

/** The statistics of both sets together. */
export function join(a: Statistics, b: Statistics): Statistics {
  return {
    count: a.count + b.count,
    sum: a.sum.map((value, i) => value + (b.sum[i] as number)),
    products: a.products.map((value, i) => value + (b.products[i] as number)),
  };
}

/** Mean and lower triangle of the covariance, by maximum likelihood. */
export function moments(statistics: Statistics): { mean: Float64Array; covariance: Float64Array } {
  const mean = statistics.sum.map((value) => value / statistics.count);
  const covariance = new Float64Array(statistics.products.length);
  let at = 0;
  for (let i = 0; i < mean.length; i++)
    for (let j = 0; j <= i; j++, at++)
      covariance[at] =
        (statistics.products[at] as number) / statistics.count - (mean[i] as number) * (mean[j] as number);
  return { mean, covariance };
}

/** Cholesky factor (lower triangle, packed) of a positive definite packed matrix; tiny pivots are lifted. */
export function cholesky(
  matrix: Float64Array,
  dimensions: number,
  factor = new Float64Array(matrix.length),
): Float64Array {
  for (let i = 0; i < dimensions; i++) {
    const row = (i * (i + 1)) / 2;
    for (let j = 0; j <= i; j++) {
      const other = (j * (j + 1)) / 2;
      let rest = matrix[row + j] as number;
      for (let k = 0; k < j; k++) rest -= (factor[row + k] as number) * (factor[other + k] as number);
      factor[row + j] = i === j ? Math.sqrt(Math.max(rest, 1e-9)) : rest / (factor[other + j] as number);
    }
  }
  return factor;
}

/** log of the determinant of the matrix whose packed Cholesky factor this is. */
export function logDeterminant(factor: Float64Array, dimensions: number): number {
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += Math.log(factor[(i * (i + 1)) / 2 + i] as number);
  return 2 * sum;
}
