import { energyVad } from './energy.ts';
import { needSilero, openSilero, type SileroOptions } from './silero.ts';
import type { VadEngine } from './vad.ts';

/**
 * The engine by its name; for "auto" Silero when its model is at hand, and the energy VAD otherwise. Rejects with
 * `engine_unavailable` or an error of pullModel when silero was asked for and cannot be had.
 */
export async function chooseVad(
  requested: 'auto' | 'silero' | 'energy',
  options: SileroOptions,
): Promise<VadEngine> {
  if (requested === 'energy') return energyVad;
  if (requested === 'silero') return needSilero(options);
  return (await openSilero(options.modelsDir)) ?? energyVad;
}
