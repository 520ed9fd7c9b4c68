import FFT from 'fft.js';

/**
 * How alike a frame is to itself `lag` samples later: the normalised square difference of McLeod and Wyvill ("A smarter
 * way to find pitch", 2005), twice the autocorrelation over the energy of both parts. 1 where the signal repeats itself,
 * around 0 in noise, -1 in opposite phase.
 */
export type Similarity = (lag: number) => number;

/**
 * A measure of frames of `length` samples at all lags up to `longest` at once, through the FFT. The function it gives
 * reads samples[first, first + length), takes the mean out, and returns a curve that is overwritten by the next call.
 */
export function similarityMeter(
  length: number,
  longest: number,
): (samples: Float32Array, first: number) => Float64Array {
  const size = 2 ** Math.ceil(Math.log2(length + longest + 1));
  const fft = new FFT(size);
  const frame = new Float64Array(size);
  const spectrum = new Float64Array(2 * size);
  const product = new Float64Array(2 * size);
  const curve = new Float64Array(longest + 1);
  return (samples, first) => {
    const energy = centre(samples, first, length, frame);
    frame.fill(0, length);
    fft.realTransform(spectrum, frame);
    // The power spectrum is real and even, so that a forward transform of it is the autocorrelation times the size.
    const power = frame;
    for (let i = 0; i <= size / 2; i++) {
      const value = (spectrum[2 * i] as number) ** 2 + (spectrum[2 * i + 1] as number) ** 2;
      power[i] = value;
      power[(size - i) % size] = value;
    }
    fft.realTransform(product, power);
    centre(samples, first, length, frame);
    let both = 2 * energy;
    for (let lag = 1; lag <= longest; lag++) {
      both -= (frame[length - lag] as number) ** 2 + (frame[lag - 1] as number) ** 2;
      curve[lag] = both > 1e-12 ? (2 * (product[2 * lag] as number)) / (size * both) : 0;
    }
    return curve;
  };
}

/** The same for a few lags only: sums instead of transforms, done for the lags that are asked. */
export function similarityAt(
  samples: Float32Array,
  first: number,
  length: number,
  scratch: Float64Array,
): Similarity {
  centre(samples, first, length, scratch);
  return (lag) => {
    let product = 0;
    let both = 0;
    for (let i = 0, end = length - lag; i < end; i++) {
      const a = scratch[i] as number;
      const b = scratch[i + lag] as number;
      product += a * b;
      both += a * a + b * b;
    }
    return both > 1e-12 ? (2 * product) / both : 0;
  };
}

/** Fills `into` with the frame less its mean; returns its energy. */
function centre(samples: Float32Array, first: number, length: number, into: Float64Array): number {
  let mean = 0;
  for (let i = 0; i < length; i++) mean += samples[first + i] as number;
  mean /= length;
  let energy = 0;
  for (let i = 0; i < length; i++) {
    const value = (samples[first + i] as number) - mean;
    into[i] = value;
    energy += value * value;
  }
  return energy;
}

/** The top of the parabola through a maximum and its neighbours: how far from the middle it lies, and how high. */
export function parabola(
  left: number,
  middle: number,
  right: number,
): { readonly shift: number; readonly height: number } {
  const bend = left - 2 * middle + right;
  if (bend >= 0) return { shift: 0, height: middle };
  const shift = (left - right) / (2 * bend);
  return { shift, height: middle - ((left - right) * shift) / 4 };
}
