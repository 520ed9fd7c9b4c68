import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { SAMPLE_RATE } from '../../audio/waveform.ts';
import { EarshotError } from '../../errors.ts';
import { modelFile } from '../../models/index.ts';
import { optionalImport } from '../../util/optional-import.ts';
import type { Likeness } from './known-speakers.ts';
import { installedEmbedding } from './pyannote/engine.ts';

/** The part of sherpa-onnx-node that is used here. */
interface Sherpa {
  readonly SpeakerEmbeddingExtractor: new (config: object) => {
    createStream(): {
      acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void;
      inputFinished(): void;
    };
    compute(stream: object, enableExternalBuffer: boolean): Float32Array;
  };
}

/** Cosine from which a voice is a known one: higher than what links parts of one recording, as a wrong name is worse than none. */
const SAME_PERSON = 0.6;
/** Less than this makes no print. Seconds. */
const SHORTEST = 0.5;

/** Compares voices by the cosine of their prints; null when sherpa-onnx or a model for prints is not on this machine. */
export async function printLikeness(modelsDir: string): Promise<Likeness | null> {
  const sherpa = optionalImport<Sherpa>('sherpa-onnx-node');
  const model = await installedEmbedding(modelsDir);
  if (sherpa === null || model === null) return null;
  return {
    engine: 'prints',
    model,
    threshold: SAME_PERSON,
    async compare(voices, references, { signal }) {
      try {
        const extractor = new sherpa.SpeakerEmbeddingExtractor({
          model: modelFile(modelsDir, model, 'model.onnx'),
          numThreads: 1,
          debug: 0,
        });
        const printsOf = async (all: readonly Float32Array[]): Promise<(Float32Array | null)[]> => {
          const prints: (Float32Array | null)[] = [];
          for (const samples of all) {
            await yieldToEvents(); // a print takes a second or so, and holds everything up meanwhile
            signal?.throwIfAborted();
            prints.push(printOf(extractor, samples));
          }
          return prints;
        };
        const known = await printsOf(references);
        const heard = await printsOf(voices);
        return heard.map((a) => known.map((b) => (a && b ? cosine(a, b) : NaN)));
      } catch (cause) {
        signal?.throwIfAborted();
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new EarshotError('engine_failed', `the voices could not be compared: ${why}`, { cause });
      }
    },
  };
}

function printOf(
  extractor: InstanceType<Sherpa['SpeakerEmbeddingExtractor']>,
  samples: Float32Array,
): Float32Array | null {
  if (samples.length < SHORTEST * SAMPLE_RATE) return null;
  const stream = extractor.createStream();
  stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
  stream.inputFinished();
  return extractor.compute(stream, false);
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b) || 1);
}
