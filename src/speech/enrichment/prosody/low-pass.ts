/** Every so many samples one is kept: 16 kHz becomes 4 kHz. */
export const DECIMATION = 4;
const TAPS = 33;
/** Hz / sample rate: 1 kHz keeps two harmonics of the highest pitch and ten of the lowest, and leaves most noise out. */
const CUTOFF = 1_000 / 16_000;

/**
 * The signal at a quarter of its rate, low-passed at 1 kHz (windowed sinc, Hamming, no delay). Samples beyond the ends
 * count as zero. Output i stands for input 4 i; its length is ceil(input / 4).
 */
export function decimate(samples: Float32Array): Float32Array {
  const kernel = lowPassKernel();
  const half = TAPS >> 1;
  const low = new Float32Array(Math.ceil(samples.length / DECIMATION));
  for (let i = 0; i < low.length; i++) {
    const first = i * DECIMATION - half;
    const from = Math.max(0, -first);
    const to = Math.min(TAPS, samples.length - first);
    let sum = 0;
    for (let k = from; k < to; k++) sum += (kernel[k] as number) * (samples[first + k] as number);
    low[i] = sum;
  }
  return low;
}

function lowPassKernel(): Float64Array {
  const kernel = Float64Array.from({ length: TAPS }, (_, k) => {
    const x = k - (TAPS >> 1);
    const sinc = x === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * x) / (Math.PI * x);
    return sinc * (0.54 - 0.46 * Math.cos((2 * Math.PI * k) / (TAPS - 1)));
  });
  const gain = kernel.reduce((sum, value) => sum + value, 0);
  return kernel.map((value) => value / gain);
}
