import { availableParallelism } from 'node:os';
import { SAMPLE_RATE } from '../../audio/waveform.ts';
import { EarshotError, toEarshotError } from '../../errors.ts';
import { modelFiles } from '../../models/index.ts';
import { abortable } from '../../util/abortable.ts';
import { optionalImport } from '../../util/optional-import.ts';
import { notInstalled, pickModel, provideModel, type ModelChoice, type Picked } from './pick-model.ts';
import type { RecognitionEngine, RecognitionOptions, RecognitionRequest, Recognizer } from './recognition.ts';
import {
  checkTokens,
  inspectFolder,
  SHERPA_KINDS,
  type SherpaFiles,
  type SherpaKind,
} from './sherpa/kinds.ts';
import { sherpaResultSchema, toRecognition } from './sherpa/words.ts';

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
  // Whisper hears windows of 30 s and Moonshine degrades beyond; the others do not mind short chunks.
  chunking: { target: 28, max: 30 },

  async check(options) {
    if (loadSherpa() === null)
      return { ok: false, reason: 'sherpa-onnx-node is not installed', fix: INSTALL };
    try {
      const picked = await pickModel(CHOICE, options);
      if ('model' in picked && !picked.installed) return { ok: false, ...notInstalled(picked.model) };
      return { ok: true, model: nameOf(picked), device: 'cpu' };
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
    const concurrency = options.jobs ?? Math.max(1, Math.floor(availableParallelism() / THREADS_A_CHUNK));
    const threads = Math.max(1, Math.floor(availableParallelism() / concurrency));
    return recognizer(native, { ...located, threads, concurrency, name: nameOf(picked) }, options);
  },
};

/** The part of sherpa-onnx-node that is used here. */
interface Sherpa {
  readonly OfflineRecognizer: { createAsync(config: object): Promise<OfflineRecognizer> };
}

interface OfflineRecognizer {
  createStream(): { acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void };
  /** Runs on a thread of its own; several may run at once. */
  decodeAsync(stream: object): Promise<unknown>;
}

interface Located {
  readonly kind: SherpaKind;
  readonly files: SherpaFiles;
  /** The one language of a model that knows no other. */
  readonly onlyLanguage?: string;
}

interface Loading extends Located {
  readonly threads: number;
  readonly concurrency: number;
  readonly name: string;
}

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

async function recognizer(
  native: Sherpa,
  loading: Loading,
  opened: Pick<RecognitionRequest, 'language' | 'task'>,
): Promise<Recognizer> {
  // Language and task are fixed when sherpa-onnx loads a model: another request than the last one loads it anew.
  let current = { key: keyOf(opened), model: await load(native, loading, opened) };
  const running = new Set<Promise<unknown>>();
  return {
    engine: 'sherpa',
    model: loading.name,
    device: 'cpu',
    concurrency: loading.concurrency,
    async recognize(audio, request) {
      request.signal?.throwIfAborted();
      if (current.key !== keyOf(request))
        current = { key: keyOf(request), model: await load(native, loading, request) };
      const stream = current.model.createStream();
      stream.acceptWaveform({ samples: audio.samples, sampleRate: SAMPLE_RATE });
      const decoding = current.model.decodeAsync(stream);
      running.add(decoding);
      const forget = (): boolean => running.delete(decoding);
      decoding.then(forget, forget);
      try {
        const result = sherpaResultSchema.parse(await abortable(decoding, request.signal));
        const language = request.language === 'auto' ? (loading.onlyLanguage ?? 'auto') : request.language;
        return toRecognition(result, audio, language);
      } catch (cause) {
        request.signal?.throwIfAborted();
        throw new EarshotError('engine_failed', `sherpa-onnx failed: ${(cause as Error).message}`, { cause });
      }
    },
    async close() {
      await Promise.allSettled(running); // a native decode cannot be stopped, only outwaited
    },
  };
}

const keyOf = ({ language, task }: Pick<RecognitionRequest, 'language' | 'task'>): string =>
  `${language}/${task}`;

async function load(
  native: Sherpa,
  { kind, files, threads, name }: Loading,
  request: Pick<RecognitionRequest, 'language' | 'task'>,
): Promise<OfflineRecognizer> {
  const modelConfig = {
    ...SHERPA_KINDS[kind](files, request),
    tokens: files['tokens.txt'],
    numThreads: threads,
    provider: 'cpu',
    debug: 0,
  };
  try {
    return await native.OfflineRecognizer.createAsync({
      featConfig: { sampleRate: SAMPLE_RATE, featureDim: 80 },
      modelConfig,
    });
  } catch (cause) {
    throw new EarshotError('model_corrupt', `sherpa-onnx cannot load ${name}: ${(cause as Error).message}`, {
      hint: `earshot models verify ${name}`,
      cause,
    });
  }
}
