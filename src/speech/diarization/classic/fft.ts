import FFT from 'fft.js';

/**
 * Power spectrum of real frames of `size` samples (a power of two). The returned function writes size/2 + 1 powers into
 * `power` and reuses its own scratch memory.
 */
export function powerSpectrum(size: number): (frame: Float64Array, power: Float64Array) => void {
  const fft = new FFT(size);
  // A plain array: fft.js is more than twice as fast on it as on a Float64Array.
  const spectrum: number[] = fft.createComplexArray();
  return (frame, power) => {
    fft.realTransform(spectrum, frame);
    for (let k = 0; k <= size / 2; k++) {
      const re = spectrum[2 * k] as number;
      const im = spectrum[2 * k + 1] as number;
      power[k] = re * re + im * im;
    }
  };
}
