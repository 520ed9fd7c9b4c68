import { energyVad } from './energy.ts';
import { openSilero } from './silero.ts';
import type { VadEngine } from './vad.ts';

/** The engine to use, and why it is not the better one (null: it is, or it was asked for). */
export interface VadChoice {
  readonly engine: VadEngine;
  readonly fallback: string | null;
}

/** Silero when its model is at hand (asked for or "auto"), the energy VAD otherwise. */
export async function chooseVad(
  requested: 'auto' | 'silero' | 'energy',
  modelsDir: string,
): Promise<VadChoice> {
  if (requested === 'energy') return { engine: energyVad, fallback: null };
  const silero = await openSilero(modelsDir);
  if (silero !== null) return { engine: silero, fallback: null };
  return {
    engine: energyVad,
    fallback:
      requested === 'silero' ? 'the Silero model is not installed: speech was found by energy instead' : null,
  };
}
