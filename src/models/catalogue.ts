import { EarshotError } from '../errors.ts';
import { nearest } from '../util/suggest.ts';
import { DIARIZATION_MODELS } from './catalogue/diarization.ts';
import { SHERPA_MODELS } from './catalogue/sherpa.ts';
import { WHISPER_CPP_MODELS } from './catalogue/whisper-cpp.ts';
import type { Model } from './model.ts';

/** Every model Earshot knows, best first within a task and engine. A test holds it against `modelSchema`. */
export const catalogue: readonly Model[] = [...SHERPA_MODELS, ...WHISPER_CPP_MODELS, ...DIARIZATION_MODELS];

/** The catalogue's model of that name. Throws `model_unknown` with the nearest names. */
export function findModel(name: string): Model {
  const model = catalogue.find((candidate) => candidate.name === name);
  if (model) return model;
  const names = catalogue.map((candidate) => candidate.name);
  const near = nearest(name, names).slice(0, 3);
  throw new EarshotError('model_unknown', `the catalogue has no model "${name}"`, {
    hint: near.length > 0 ? `did you mean ${near.join(', ')}?` : 'earshot models list shows them',
  });
}
