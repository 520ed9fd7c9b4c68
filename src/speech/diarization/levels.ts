import { SAMPLE_RATE } from '../../audio/waveform.ts';

/** Samples and seconds from one frame to the next. */
export const HOP = 160;
export const HOP_SECONDS = HOP / SAMPLE_RATE;

/** dBFS of every 10 ms (centred on 20 ms) after a first-order high-pass at about 100 Hz, which takes out hum and DC. */
export function frameLevels(samples: Float32Array): Float32Array {
  const count = Math.ceil(samples.length / HOP);
  const energies = new Float64Array(count);
  const decay = Math.exp((-2 * Math.PI * 100) / SAMPLE_RATE);
  let before = 0;
  let passed = 0;
  for (let frame = 0; frame < count; frame++) {
    const end = Math.min(samples.length, (frame + 1) * HOP);
    let energy = 0;
    for (let i = frame * HOP; i < end; i++) {
      const sample = samples[i] as number;
      passed = decay * (passed + sample - before);
      before = sample;
      energy += passed * passed;
    }
    energies[frame] = energy;
  }
  return Float32Array.from(energies, (own, i) => {
    const around = ((energies[i - 1] ?? own) + (energies[i + 1] ?? own)) / 2;
    return 10 * Math.log10((own + around) / (2 * HOP) + 1e-10);
  });
}
