/** The level of digital silence: nothing 16 bits can hold is softer. */
export const SILENCE_DB = -100;

/** dB re full scale of a mean square: a full-scale square wave is 0, a sine of amplitude 0.1 is -23.01. */
export function toDb(meanSquare: number): number {
  return meanSquare <= 0 ? SILENCE_DB : Math.max(SILENCE_DB, 10 * Math.log10(meanSquare));
}

/** Sum of squares of every `hop` samples; the last may cover fewer. */
export function hopEnergies(samples: Float32Array, hop: number): Float64Array {
  const energies = new Float64Array(Math.ceil(samples.length / hop));
  for (let h = 0; h < energies.length; h++) {
    let sum = 0;
    for (let i = h * hop, end = Math.min(samples.length, i + hop); i < end; i++)
      sum += (samples[i] as number) ** 2;
    energies[h] = sum;
  }
  return energies;
}
