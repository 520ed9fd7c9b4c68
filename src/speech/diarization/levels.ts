import { SAMPLE_RATE } from '../../audio/waveform.ts';

/** Samples and seconds from one frame to the next. */
export const HOP = 160;
export const HOP_SECONDS = HOP / SAMPLE_RATE;

/** Below this rooms rumble, breath and wind blow; speech has most of its energy above. */
const LOWEST_HZ = 300;
/** Knocks on the table and breath on the microphone are mostly below this, as is the pitch of most voices. */
const RUMBLE_HZ = 200;

/** dBFS of the speech band in every 10 ms (centred on 20 ms): what a second-order Butterworth high-pass leaves. */
export function frameLevels(samples: Float32Array): Float32Array {
  const { scale, a1, a2 } = butterworth(LOWEST_HZ);
  return levelsAfter({ b0: 1 / scale, b1: -2, a1, a2 }, samples);
}

/** dBFS of what is below the speech band, in the same frames: what a second-order Butterworth low-pass leaves. */
export function rumbleLevels(samples: Float32Array): Float32Array {
  const { warped, scale, a1, a2 } = butterworth(RUMBLE_HZ);
  return levelsAfter({ b0: (warped * warped) / scale, b1: 2, a1, a2 }, samples);
}

/** A filter of second order: its numerator is b0 * (1, b1, 1), its denominator (1, a1, a2). */
interface Filter {
  readonly b0: number;
  readonly b1: number;
  readonly a1: number;
  readonly a2: number;
}

function levelsAfter({ b0, b1, a1, a2 }: Filter, samples: Float32Array): Float32Array {
  const count = Math.ceil(samples.length / HOP);
  const energies = new Float64Array(count);
  let [in1, in2, out1, out2] = [0, 0, 0, 0];
  for (let frame = 0; frame < count; frame++) {
    const end = Math.min(samples.length, (frame + 1) * HOP);
    let energy = 0;
    for (let i = frame * HOP; i < end; i++) {
      const sample = samples[i] as number;
      const passed = b0 * (sample + b1 * in1 + in2) - a1 * out1 - a2 * out2;
      in2 = in1;
      in1 = sample;
      out2 = out1;
      out1 = passed;
      energy += passed * passed;
    }
    energies[frame] = energy;
  }
  return Float32Array.from(energies, (own, i) => {
    const around = ((energies[i - 1] ?? own) + (energies[i + 1] ?? own)) / 2;
    return 10 * Math.log10((own + around) / (2 * HOP) + 1e-10);
  });
}

/** What low-pass and high-pass have in common, by the bilinear transform. */
function butterworth(hz: number): { warped: number; scale: number; a1: number; a2: number } {
  const warped = Math.tan((Math.PI * hz) / SAMPLE_RATE);
  const scale = 1 + Math.SQRT2 * warped + warped * warped;
  return {
    warped,
    scale,
    a1: (2 * (warped * warped - 1)) / scale,
    a2: (1 - Math.SQRT2 * warped + warped * warped) / scale,
  };
}
