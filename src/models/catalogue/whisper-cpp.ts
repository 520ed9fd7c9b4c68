import type { Model } from '../model.ts';

export const WHISPER_CPP_MODELS: readonly Model[] = [];
