import { availableParallelism } from 'node:os';
import { EarshotError, toEarshotError } from '../../errors.ts';
import { modelFiles } from '../../models/index.ts';
import { optionalImport } from '../../util/optional-import.ts';
import {
  bytesOf,
  notInstalled,
  pickModel,
  provideModel,
  type ModelChoice,
  type Picked,
} from './pick-model.ts';
import type { RecognitionEngine, RecognitionOptions } from './recognition.ts';
import { checkTokens, inspectFolder, type SherpaKind } from './sherpa/kinds.ts';
import { openRecognizer, type Located, type Sherpa } from './sherpa/recognizer.ts';

const INSTALL = 'npm install sherpa-onnx-node';
/** Each chunk is recognised on so many threads where cores allow; more hardly helps these models. */
const THREADS_A_CHUNK = 2;

const CHOICE: ModelChoice = {
  family: 'sherpa',
  prefix: 'whisper-',
  defaults: ['parakeet-tdt-0.6b-v3', 'sense-voice-small', 'whisper-small'],
  // large-v3-turbo was not trained to translate
  canTranslate: ({ engine, name }) => engine.kind === 'whisper' && !/turbo|\.en$/.test(name),
};

/** Parakeet, Whisper, SenseVoice and Moonshine on the CPU through sherpa-onnx. */
export const sherpa: RecognitionEngine = {
  name: 'sherpa',
  models: CHOICE,
  // Whisper hears windows of 30 s and Moonshine degrades beyond; the others do not mind short chunks.
  chunking: { target: 28, max: 30 },

  async check(options) {
    if (loadSherpa() === null)
      return { ok: false, reason: 'sherpa-onnx-node is not installed', fix: INSTALL };
    try {
      const picked = await pickModel(CHOICE, options);
      if ('model' in picked && !picked.installed) return { ok: false, ...notInstalled(picked.model) };
      return { ok: true, model: nameOf(picked), device: 'cpu', ...(await bytesOf(picked)) };
    } catch (error) {
      return { ok: false, reason: toEarshotError(error).message, fix: null };
    }
  },

  async open(options) {
    const native = loadSherpa();
    if (native === null)
      throw new EarshotError('engine_unavailable', 'sherpa-onnx-node is not installed', { hint: INSTALL });
    const picked = await pickModel(CHOICE, options);
    await provideModel(picked, options);
    const located = await locate(picked, options);
    await checkTokens(located.files['tokens.txt'] as string);
    const many = options.jobs ?? Math.max(1, Math.floor(availableParallelism() / THREADS_A_CHUNK));
    const concurrency = located.kind === 'whisper' ? 1 : many;
    const threads = Math.max(1, Math.floor(availableParallelism() / concurrency));
    return openRecognizer(native, { ...located, threads, concurrency, name: nameOf(picked) }, options);
  },
};

const loadSherpa = (): Sherpa | null => optionalImport<Sherpa>('sherpa-onnx-node');

const nameOf = (picked: Picked): string => ('model' in picked ? picked.model.name : picked.path);

async function locate(picked: Picked, { modelsDir }: RecognitionOptions): Promise<Located> {
  if ('path' in picked) {
    if (picked.isFolder) return inspectFolder(picked.path);
    throw new EarshotError('model_missing', `${picked.path} is a file; sherpa-onnx loads folders of files`);
  }
  const { engine, name, languages } = picked.model;
  const [onlyLanguage, ...more] = languages;
  return {
    kind: engine.kind as SherpaKind,
    files: modelFiles(modelsDir, name),
    ...(onlyLanguage !== undefined && more.length === 0 && { onlyLanguage }),
  };
}
