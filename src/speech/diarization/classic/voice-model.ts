import { cholesky, join, logDeterminant, moments, type Statistics } from './statistics.ts';

/** What a voice looks like before it is heard: learned from the recording itself. */
export interface Prior {
  readonly mean: Float64Array;
  /** Packed lower triangle; the covariance within one voice. */
  readonly covariance: Float64Array;
}

/** How much the prior weighs, in independent frames: for the covariance, and for the mean. */
const COVARIANCE_WEIGHT = 20;
const MEAN_WEIGHT = 1;
/** Frames 10 ms apart say nearly the same: this share of them counts as independent. */
const INDEPENDENT_SHARE = 0.1;

/**
 * The prior of a recording from parts of its speech that each are mostly one voice: the mean of all frames, and the
 * covariance within the parts. (The covariance of everything would be wide when voices differ, and hide that they do.)
 */
export function priorOf(parts: readonly Statistics[]): Prior {
  const { mean } = moments(parts.reduce(join));
  const within = new Float64Array((parts[0] as Statistics).products.length);
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  for (const part of parts) {
    const { covariance } = moments(part);
    for (let i = 0; i < within.length; i++)
      within[i] = (within[i] as number) + ((covariance[i] as number) * part.count) / count;
  }
  return { mean, covariance: within };
}

/**
 * Logarithm of the evidence of the frames under one Gaussian of unknown mean and covariance with a
 * normal-inverse-Wishart prior (Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", eq. 266),
 * without the terms that are the same however the frames are divided. It prefers one voice for two sets of frames
 * until they differ by more than chance, as BIC does, but holds for few frames too.
 */
export function evidence(statistics: Statistics, prior: Prior): number {
  const d = prior.mean.length;
  const { mean, covariance } = moments(statistics);
  const n = statistics.count * INDEPENDENT_SHARE;
  const degrees = COVARIANCE_WEIGHT + d + 1;
  const pull = (MEAN_WEIGHT * n) / (MEAN_WEIGHT + n);
  const scale = new Float64Array(covariance.length);
  let at = 0;
  for (let i = 0; i < d; i++) {
    const off = (mean[i] as number) - (prior.mean[i] as number);
    for (let j = 0; j <= i; j++, at++)
      scale[at] =
        COVARIANCE_WEIGHT * (prior.covariance[at] as number) +
        n * (covariance[at] as number) +
        pull * off * ((mean[j] as number) - (prior.mean[j] as number));
  }
  let value = (-(degrees + n) / 2) * logDeterminant(cholesky(scale, d), d);
  value +=
    (degrees / 2) * (logDeterminant(cholesky(prior.covariance, d), d) + d * Math.log(COVARIANCE_WEIGHT));
  for (let i = 0; i < d; i++) value += logGamma((degrees + n - i) / 2) - logGamma((degrees - i) / 2);
  return value + (d / 2) * Math.log(MEAN_WEIGHT / (MEAN_WEIGHT + n));
}

/** A Gaussian that gives the log-likelihood of a frame, up to a constant that is the same for all voices. */
export interface Voice {
  readonly mean: Float64Array;
  /** Packed Cholesky factor of the covariance. */
  readonly factor: Float64Array;
  readonly logDeterminant: number;
}

/** The most probable Gaussian of a voice: its statistics drawn towards the prior. */
export function voiceOf(statistics: Statistics, prior: Prior): Voice {
  const d = prior.mean.length;
  const n = statistics.count * INDEPENDENT_SHARE;
  const own = moments(statistics);
  const covariance = own.covariance.map(
    (value, i) => (n * value + COVARIANCE_WEIGHT * (prior.covariance[i] as number)) / (n + COVARIANCE_WEIGHT),
  );
  const factor = cholesky(covariance, d);
  return { mean: own.mean, factor, logDeterminant: logDeterminant(factor, d) };
}

/** Log-likelihood of the frame of `data` that begins at `base`; `scratch` holds as many values as a frame. */
export function logLikelihood(voice: Voice, data: Float32Array, base: number, scratch: Float64Array): number {
  const d = voice.mean.length;
  let distance = 0;
  for (let i = 0; i < d; i++) {
    const row = (i * (i + 1)) / 2;
    let rest = (data[base + i] as number) - (voice.mean[i] as number);
    for (let j = 0; j < i; j++) rest -= (voice.factor[row + j] as number) * (scratch[j] as number);
    const value = rest / (voice.factor[row + i] as number);
    scratch[i] = value;
    distance += value * value;
  }
  return -0.5 * (voice.logDeterminant + distance);
}

/** Stirling's series with the argument lifted above 7; good to 1e-10 there. */
function logGamma(x: number): number {
  let [z, shift] = [x, 0];
  while (z < 7) shift -= Math.log(z++);
  return (
    shift +
    (z - 0.5) * Math.log(z) -
    z +
    0.918938533204673 +
    1 / (12 * z) -
    1 / (360 * z ** 3) +
    1 / (1260 * z ** 5)
  );
}
