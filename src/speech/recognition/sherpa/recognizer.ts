import { SAMPLE_RATE } from '../../../audio/waveform.ts';
import { EarshotError } from '../../../errors.ts';
import { abortable } from '../../../util/abortable.ts';
import type { Recognizer } from '../recognition.ts';
import { SHERPA_KINDS, type SherpaFiles, type SherpaKind, type SherpaRequest } from './kinds.ts';
import { sherpaResultSchema, toRecognition } from './words.ts';

/** The part of sherpa-onnx-node that is used here. */
export interface Sherpa {
  readonly OfflineRecognizer: { createAsync(config: object): Promise<OfflineRecognizer> };
}

export interface OfflineRecognizer {
  createStream(): { acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void };
  /** Runs on a thread of its own; several may run at once. */
  decodeAsync(stream: object): Promise<unknown>;
}

/** A model's files and what is known of it. */
export interface Located {
  readonly kind: SherpaKind;
  readonly files: SherpaFiles;
  /** The one language of a model that knows no other. */
  readonly onlyLanguage?: string;
}

/** How it shall be loaded. */
export interface Loading extends Located {
  readonly threads: number;
  readonly concurrency: number;
  readonly name: string;
}

/** Loads the model. Rejects with `model_corrupt`. */
export async function openRecognizer(
  native: Sherpa,
  loading: Loading,
  opened: SherpaRequest,
): Promise<Recognizer> {
  // Whisper's and SenseVoice's language and task are fixed when they are loaded: another request loads them anew.
  let current = { key: keyOf(loading, opened), model: await load(native, loading, opened) };
  const running = new Set<Promise<unknown>>();
  // sherpa-onnx's Whisper decoder writes to its own settings while it decodes: never two at once.
  let whisperTurn: Promise<unknown> = Promise.resolve();
  const decode = (model: OfflineRecognizer, samples: Float32Array): Promise<unknown> => {
    const stream = model.createStream();
    stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
    if (loading.kind !== 'whisper') return model.decodeAsync(stream);
    const decoding = whisperTurn.then(() => model.decodeAsync(stream));
    whisperTurn = decoding.catch(() => undefined);
    return decoding;
  };
  return {
    engine: 'sherpa',
    model: loading.name,
    device: 'cpu',
    concurrency: loading.concurrency,
    async recognize(audio, request) {
      request.signal?.throwIfAborted();
      const key = keyOf(loading, request);
      if (current.key !== key) current = { key, model: await load(native, loading, request) };
      const decoding = decode(current.model, audio.samples);
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

function keyOf({ kind }: Loading, { language, task }: SherpaRequest): string {
  return kind === 'whisper' || kind === 'sense-voice' ? `${language}/${task}` : '';
}

async function load(
  native: Sherpa,
  { kind, files, threads, name }: Loading,
  request: SherpaRequest,
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
