import { stat } from 'node:fs/promises';
import { openWaveform, WAV_HEADER_BYTES } from '../audio/waveform.ts';
import { sha256 } from '../util/hash.ts';
import type { Plan } from './plan.ts';

/**
 * Whether the waveforms of a plan are there, whole, and hold the sound that its chunks were cut from. A power cut can
 * leave a file of the right size full of zeros: silence would be taken for the truth. Between the chunks only the size
 * is looked at: there is no speech there, and `decodeTracks` has the disk take the whole file before a plan is written.
 */
export async function isIntact(plan: Plan): Promise<boolean> {
  for (const [index, { waveform }] of plan.tracks.entries()) {
    if (waveform.samples === 0) continue; // nothing is read from it
    const size = await stat(waveform.path).then(
      (info) => info.size,
      () => -1,
    );
    if (size < WAV_HEADER_BYTES + waveform.samples * 2) return false;
    const reader = await openWaveform(waveform);
    try {
      for (const chunk of plan.chunks.filter(({ track }) => track === index))
        if (sha256(await reader.bytes(chunk.start, chunk.end)) !== chunk.sha256) return false;
    } finally {
      await reader.close();
    }
  }
  return true;
}
