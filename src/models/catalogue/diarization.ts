import type { Model } from '../model.ts';

export const DIARIZATION_MODELS: readonly Model[] = [];
