import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { encodeWav, WAV_HEADER_BYTES } from '../../audio/waveform.ts';
import { EarshotError, toEarshotError } from '../../errors.ts';
import { modelFile } from '../../models/index.ts';
import { abortable } from '../../util/abortable.ts';
import {
  bytesOf,
  notInstalled,
  pickModel,
  provideModel,
  type ModelChoice,
  type Picked,
} from './pick-model.ts';
import type { ChunkAudio, RecognitionEngine, RecognitionRequest, Recognizer } from './recognition.ts';
import {
  bestVariant,
  closeContext,
  INSTALL,
  loadWhisperNode,
  openContext,
  type LoadedContext,
  type WhisperNode,
} from './whisper-cpp/native.ts';
import { toParakeetRecognition, toWhisperRecognition, whisperResultSchema } from './whisper-cpp/words.ts';

const CHOICE: ModelChoice = {
  family: 'whisper-cpp',
  prefix: 'ggml-',
  defaults: ['ggml-large-v3-turbo-q5_0', 'ggml-small'],
  // large-v3-turbo was not trained to translate
  canTranslate: ({ engine, name }) => engine.kind === 'whisper' && !name.includes('turbo'),
};

/** Whisper and Parakeet through whisper.cpp, on CUDA, Vulkan or Metal where there is one, otherwise on the CPU. */
export const whisperCpp: RecognitionEngine = {
  name: 'whisper-cpp',
  models: CHOICE,
  // Whisper hears windows of 30 s; Parakeet's word times are estimated within a chunk, so it shall be short.
  chunking: { target: 28, max: 30 },
  languagePerChunk: true,

  async check(options) {
    if (loadWhisperNode() === null)
      return { ok: false, reason: '@fugood/whisper.node is not installed', fix: INSTALL };
    try {
      const picked = await pickModel(CHOICE, options);
      if ('model' in picked && !picked.installed) return { ok: false, ...notInstalled(picked.model) };
      const variant = bestVariant();
      const device = variant === 'default' ? defaultDevice() : variant;
      return {
        ok: true,
        model: nameOf(picked),
        device,
        ...(isOurMemory(device) ? await bytesOf(picked) : {}),
      };
    } catch (error) {
      return { ok: false, reason: toEarshotError(error).message, fix: null };
    }
  },

  async open(options) {
    const native = loadWhisperNode();
    if (native === null)
      throw new EarshotError('engine_unavailable', '@fugood/whisper.node is not installed', {
        hint: INSTALL,
      });
    const picked = await pickModel(CHOICE, options);
    await provideModel(picked, options);
    const kind = kindOf(picked);
    const path =
      'path' in picked ? picked.path : modelFile(options.modelsDir, picked.model.name, 'model.bin');
    const loaded = await openContext(native, kind, path, bestVariant());
    return recognizer(native, loaded, kind, nameOf(picked));
  },
};

type Kind = 'whisper' | 'parakeet';

const nameOf = (picked: Picked): string => ('model' in picked ? picked.model.name : picked.path);

/** Files of the user's own tell their kind by their name, as all published ones do. */
function kindOf(picked: Picked): Kind {
  if ('model' in picked) return picked.model.engine.kind as Kind;
  return /parakeet/i.test(basename(picked.path)) ? 'parakeet' : 'whisper';
}

/** What a GPU of its own holds is not ours to count. */
const isOurMemory = (device: string): boolean => device === 'cpu' || device === 'metal';

const defaultDevice = (): string => (process.platform === 'darwin' ? 'metal' : 'cpu');

function recognizer(
  native: WhisperNode,
  { context, device }: LoadedContext,
  kind: Kind,
  model: string,
): Recognizer {
  const running = new Set<Promise<unknown>>();
  return {
    engine: 'whisper-cpp',
    model,
    device,
    concurrency: 1, // one context recognises one chunk at a time, with all cores or the whole GPU
    async recognize(audio, request) {
      request.signal?.throwIfAborted();
      const { stop, promise } = context.transcribeData(pcmOf(audio), optionsFor(kind, request));
      running.add(promise);
      const forget = (): boolean => running.delete(promise);
      promise.then(forget, forget);
      try {
        const result = whisperResultSchema.parse(await abortable(promise, request.signal));
        return kind === 'whisper'
          ? toWhisperRecognition(result, audio, request.language)
          : toParakeetRecognition(result, audio, request.language);
      } catch (cause) {
        if (request.signal?.aborted) await stop();
        request.signal?.throwIfAborted();
        throw new EarshotError('engine_failed', `whisper.cpp failed: ${(cause as Error).message}`, { cause });
      }
    },
    async close() {
      await Promise.allSettled(running);
      await closeContext(native, context);
    },
  };
}

function optionsFor(kind: Kind, { language, task }: RecognitionRequest): object {
  const maxThreads = availableParallelism();
  if (kind === 'parakeet') return { maxThreads };
  // Every token becomes a segment of its own: that is how this binding gives word times.
  return { maxThreads, language, translate: task === 'translate', tokenTimestamps: true, maxLen: 1 };
}

function pcmOf({ samples }: ChunkAudio): ArrayBuffer {
  return Uint8Array.from(encodeWav(samples).subarray(WAV_HEADER_BYTES)).buffer;
}
