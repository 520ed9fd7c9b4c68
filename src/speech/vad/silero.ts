import { SAMPLE_RATE, waveformBlocks, type Waveform } from '../../audio/waveform.ts';
import { EarshotError } from '../../errors.ts';
import { isInstalled, modelFile, pullModel } from '../../models/index.ts';
import { optionalImport } from '../../util/optional-import.ts';
import type { Task } from '../../util/task.ts';
import type { SpeechSpan, VadEngine } from './vad.ts';

const MODEL = 'silero-vad';
/** The window that Silero v5 and v6 were trained with at 16 kHz. */
const WINDOW_SAMPLES = 512;
/** Whole windows, some 5 s. The detector runs on the calling thread; between reads others get their turn. */
const READ_SECONDS = (156 * WINDOW_SAMPLES) / SAMPLE_RATE;
const THRESHOLD = 0.5;
/** Shorter pauses do not end a span. spans.ts merges what still is too close. */
const MIN_SILENCE = 0.25;
const MIN_SPEECH = 0.1;
/** sherpa-onnx keeps the samples of the current span; from here on it takes the first weak moment to end it. */
const MAX_SPEECH = 60;
const BUFFER_SECONDS = 2 * MAX_SPEECH;

/** The part of sherpa-onnx-node that is used here. */
interface Sherpa {
  readonly Vad: new (config: object, bufferSeconds: number) => Detector;
}

interface Detector {
  acceptWaveform(samples: Float32Array): void;
  isEmpty(): boolean;
  /** `start` counts samples from the first one accepted. */
  front(externalBuffer: boolean): { readonly start: number; readonly samples: Float32Array };
  pop(): void;
  flush(): void;
}

export interface SileroOptions {
  readonly modelsDir: string;
  /** Whether a missing model may be downloaded. */
  readonly pull: boolean;
  /** A mirror to pull from; null: the publisher. */
  readonly modelBaseUrl: string | null;
  readonly onNotice?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Silero's neural voice activity detection through sherpa-onnx, or null when its model or sherpa-onnx is not installed.
 * The waveform is streamed: memory does not grow with its length.
 */
export async function openSilero(modelsDir: string): Promise<VadEngine | null> {
  if (!(await isInstalled(modelsDir, MODEL))) return null;
  const sherpa = optionalImport<Sherpa>('sherpa-onnx-node');
  if (sherpa === null) return null;
  const model = modelFile(modelsDir, MODEL, 'model.onnx');
  return {
    name: 'silero',
    model: MODEL,
    detect: (waveform, task) => detect(createDetector(sherpa, model), waveform, task),
  };
}

/**
 * The same where nothing else will do: a missing model is pulled when that is allowed. Rejects with `engine_unavailable`
 * (what is missing, and the command that mends it) or an error of pullModel.
 */
export async function needSilero(options: SileroOptions): Promise<VadEngine> {
  const { modelsDir, pull, modelBaseUrl: baseUrl, onNotice, signal } = options;
  if (pull && !(await isInstalled(modelsDir, MODEL))) {
    onNotice?.(`pulling ${MODEL}`);
    await pullModel(MODEL, { modelsDir, baseUrl, ...(signal && { signal }) });
  }
  const silero = await openSilero(modelsDir);
  if (silero !== null) return silero;
  const lacksModel = !(await isInstalled(modelsDir, MODEL));
  const reason = lacksModel ? `model ${MODEL} not on this machine` : 'sherpa-onnx-node is not installed';
  throw new EarshotError('engine_unavailable', `silero cannot run here: ${reason}`, {
    hint: lacksModel ? `earshot models pull ${MODEL}` : 'npm install sherpa-onnx-node',
  });
}

function createDetector(sherpa: Sherpa, model: string): Detector {
  const sileroVad = {
    model,
    threshold: THRESHOLD,
    minSilenceDuration: MIN_SILENCE,
    minSpeechDuration: MIN_SPEECH,
    maxSpeechDuration: MAX_SPEECH,
    windowSize: WINDOW_SAMPLES,
  };
  return new sherpa.Vad({ sileroVad, sampleRate: SAMPLE_RATE, numThreads: 1, debug: 0 }, BUFFER_SECONDS);
}

async function detect(detector: Detector, waveform: Waveform, task: Task): Promise<SpeechSpan[]> {
  const spans: SpeechSpan[] = [];
  const takeFinished = (): void => {
    for (; !detector.isEmpty(); detector.pop()) {
      const { start, samples } = detector.front(false);
      spans.push({
        start: Math.max(0, start / SAMPLE_RATE),
        end: Math.min(waveform.duration, (start + samples.length) / SAMPLE_RATE),
      });
    }
  };
  for await (const { start, samples } of waveformBlocks(waveform, READ_SECONDS)) {
    task.signal?.throwIfAborted();
    // One decision a call: sherpa-onnx calls all of a longer piece speech when any of its windows is.
    for (let from = 0; from < samples.length; from += WINDOW_SAMPLES)
      detector.acceptWaveform(samples.subarray(from, from + WINDOW_SAMPLES));
    takeFinished();
    task.onProgress?.((start + samples.length / SAMPLE_RATE) / waveform.duration);
  }
  detector.flush();
  takeFinished();
  return spans;
}
