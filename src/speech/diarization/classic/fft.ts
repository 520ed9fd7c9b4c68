/**
 * Power spectrum of real frames of `size` samples (a power of two, at least 8): the even and odd samples go as one
 * complex signal of half the size through a radix-2 transform and are separated afterwards. The returned function
 * writes size/2 + 1 powers into `power` and reuses its own scratch memory.
 */
export function powerSpectrum(size: number): (frame: Float64Array, power: Float64Array) => void {
  const half = size >> 1;
  const real = new Float64Array(half);
  const imaginary = new Float64Array(half);
  const order = bitReversal(half);
  const cosine = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
  const sine = Float64Array.from({ length: half }, (_, k) => Math.sin((2 * Math.PI * k) / size));
  return (frame, power) => {
    for (let i = 0; i < half; i++) {
      const at = (order[i] as number) * 2;
      real[i] = frame[at] as number;
      imaginary[i] = frame[at + 1] as number;
    }
    butterflies(real, imaginary, cosine, sine);
    const [re0, im0] = [real[0] as number, imaginary[0] as number];
    power[0] = (re0 + im0) ** 2;
    power[half] = (re0 - im0) ** 2;
    for (let k = 1; k < half; k++) {
      const [a, b] = [real[k] as number, imaginary[k] as number];
      const [c, d] = [real[half - k] as number, imaginary[half - k] as number];
      const evenRe = (a + c) / 2;
      const evenIm = (b - d) / 2;
      const oddRe = (b + d) / 2;
      const oddIm = (c - a) / 2;
      const [cos, sin] = [cosine[k] as number, sine[k] as number];
      const re = evenRe + cos * oddRe + sin * oddIm;
      const im = evenIm + cos * oddIm - sin * oddRe;
      power[k] = re * re + im * im;
    }
  };
}

/** In place; `cosine` and `sine` hold the turns of a transform twice as long. */
function butterflies(re: Float64Array, im: Float64Array, cosine: Float64Array, sine: Float64Array): void {
  const size = re.length;
  for (let span = 1; span < size; span <<= 1) {
    const step = size / span;
    for (let k = 0; k < span; k++) {
      const cos = cosine[k * step] as number;
      const sin = sine[k * step] as number;
      for (let i = k; i < size; i += span << 1) {
        const j = i + span;
        const [a, b] = [re[j] as number, im[j] as number];
        const x = a * cos + b * sin;
        const y = b * cos - a * sin;
        re[j] = (re[i] as number) - x;
        im[j] = (im[i] as number) - y;
        re[i] = (re[i] as number) + x;
        im[i] = (im[i] as number) + y;
      }
    }
  }
}

function bitReversal(size: number): Uint16Array {
  const order = new Uint16Array(size);
  for (let i = 1; i < size; i++) order[i] = ((order[i >> 1] as number) >> 1) | (i & 1 ? size >> 1 : 0);
  return order;
}
