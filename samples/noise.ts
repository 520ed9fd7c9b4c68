/** Pseudo-random numbers in [-1, 1) from a seed, the same on every machine (mulberry32, public domain). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** White noise of the root mean square `level` (1 is full scale). */
export function whiteNoise(length: number, level: number, seed: number): Float32Array {
  const next = random(seed);
  const peak = level * Math.sqrt(3); // a uniform variable in [-p, p] has the root mean square p / sqrt(3)
  return Float32Array.from({ length }, () => next() * peak);
}

/** Pink noise (-3 dB an octave) of the root mean square `level`: Voss's sum of rows that change ever more rarely. */
export function pinkNoise(length: number, level: number, seed: number): Float32Array {
  const next = random(seed);
  const rows = Array.from({ length: 12 }, next);
  const noise = Float32Array.from({ length }, (_, index) => {
    const row = 31 - Math.clz32((index + 1) & -(index + 1));
    rows[row % rows.length] = next();
    return rows.reduce((sum, value) => sum + value, 0);
  });
  const rms = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / length);
  return noise.map((value) => (value / rms) * level);
}
