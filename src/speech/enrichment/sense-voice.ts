import { z } from 'zod';
import { EarshotError } from '../../errors.ts';
import { SAMPLE_RATE } from '../../audio/waveform.ts';
import type { Unavailable } from './enrichment.ts';

/** A loaded SenseVoice: gives what sherpa-onnx answers for one utterance, decoded off the event loop. */
export interface SenseVoice {
  hear(samples: Float32Array): Promise<unknown>;
}

/** The part of sherpa-onnx-node that is used here. */
interface Sherpa {
  readonly OfflineRecognizer: {
    createAsync(config: object): Promise<{
      createStream(): { acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void };
      decodeAsync(stream: object): Promise<unknown>;
    }>;
  };
}

/** Loads SenseVoice, or says why it cannot be. `language` null lets it find out. */
export async function openSenseVoice(files: {
  readonly model: string;
  readonly tokens: string;
  readonly language: string | null;
}): Promise<SenseVoice | Unavailable> {
  const sherpa = await loadSherpa();
  if (sherpa === null)
    return { unavailable: 'sherpa-onnx-node is not installed: npm install sherpa-onnx-node' };
  const recognizer = await sherpa.OfflineRecognizer.createAsync({
    featConfig: { sampleRate: SAMPLE_RATE, featureDim: 80 },
    modelConfig: {
      senseVoice: { model: files.model, language: files.language ?? '', useInverseTextNormalization: 0 },
      tokens: files.tokens,
      numThreads: 1,
      provider: 'cpu',
      debug: 0,
    },
  });
  return {
    hear: (samples) => {
      const stream = recognizer.createStream();
      stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
      return recognizer.decodeAsync(stream);
    },
  };
}

async function loadSherpa(): Promise<Sherpa | null> {
  const name: string = 'sherpa-onnx-node'; // optional: not there on every platform
  try {
    const loaded = (await import(name)) as { default: Sherpa };
    return loaded.default;
  } catch {
    return null;
  }
}

const answerSchema = z.object({ emotion: z.string() });

/** The labels of SenseVoice's vocabulary that name an emotion, as the transcript writes them. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['HAPPY', 'happy'],
  ['SAD', 'sad'],
  ['ANGRY', 'angry'],
  ['NEUTRAL', 'neutral'],
  ['FEARFUL', 'fearful'],
  ['DISGUSTED', 'disgusted'],
  ['SURPRISED', 'surprised'],
]);

/**
 * The emotion in an answer of SenseVoice ("<|HAPPY|>" is "happy"); null where it says that it does not know
 * ("<|EMO_UNKNOWN|>"), or nothing. Throws `engine_failed` when the answer is of another shape.
 */
export function heardEmotion(answer: unknown): string | null {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success)
    throw new EarshotError('engine_failed', 'SenseVoice answered without an emotion field', {
      cause: parsed.error,
    });
  return LABELS.get(parsed.data.emotion.replace(/^<\||\|>$/g, '').toUpperCase()) ?? null;
}
