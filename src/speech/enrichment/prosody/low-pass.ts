/** Every so many samples one is kept: 16 kHz becomes 4 kHz. */
export const DECIMATION = 4;
const HALF = 16;
const TAPS = 2 * HALF + 1;
/** Hz / sample rate: 1 kHz keeps two harmonics of the highest pitch and ten of the lowest, and leaves most noise out. */
const CUTOFF = 1_000 / 16_000;

/**
 * The signal at a quarter of its rate, low-passed at 1 kHz (windowed sinc, Hamming, no delay). Samples beyond the ends
 * count as zero. Output i stands for input 4 i; its length is ceil(input / 4).
 */
export function decimate(samples: Float32Array): Float32Array {
  const kernel = lowPassKernel();
  const middle = kernel[HALF] as number;
  const padded = new Float64Array(samples.length + 2 * HALF);
  padded.set(samples, HALF);
  const low = new Float32Array(Math.ceil(samples.length / DECIMATION));
  for (let i = 0; i < low.length; i++) {
    const centre = i * DECIMATION + HALF;
    let sum = middle * (padded[centre] as number);
    // The kernel is the same on both sides.
    for (let k = 1; k <= HALF; k++)
      sum += (kernel[HALF + k] as number) * ((padded[centre - k] as number) + (padded[centre + k] as number));
    low[i] = sum;
  }
  return low;
}

function lowPassKernel(): Float64Array {
  const kernel = Float64Array.from({ length: TAPS }, (_, k) => {
    const x = k - HALF;
    const sinc = x === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * x) / (Math.PI * x);
    return sinc * (0.54 - 0.46 * Math.cos((2 * Math.PI * k) / (TAPS - 1)));
  });
  const gain = kernel.reduce((sum, value) => sum + value, 0);
  return kernel.map((value) => value / gain);
}
