import { parentPort, workerData } from 'node:worker_threads';
import { SAMPLE_RATE } from '../../../audio/waveform.ts';
import { optionalImport } from '../../../util/optional-import.ts';
import type { Print } from './link.ts';
import {
  clearSpeech,
  parseSegments,
  wantedInstead,
  type Answer,
  type Question,
  type Segment,
  type Setup,
} from './protocol.ts';

/** The part of sherpa-onnx-node that is used here. */
interface Sherpa {
  readonly OfflineSpeakerDiarization: new (config: object) => {
    process(samples: Float32Array): unknown;
    setConfig(config: object): void;
  };
  readonly SpeakerEmbeddingExtractor: new (config: object) => Extractor;
}

interface Extractor {
  createStream(): {
    acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void;
    inputFinished(): void;
  };
  compute(stream: object, enableExternalBuffer: boolean): Float32Array;
}

/** Cosine distance up to which sherpa-onnx takes two pieces for one speaker. */
const CLUSTER_THRESHOLD = 0.5;
/** More of a voice than this does not make its print better. Seconds. */
const PRINT_SECONDS = 30;

/** Loads the models and answers one block of samples after another. */
function serve(): void {
  const sherpa = optionalImport<Sherpa>('sherpa-onnx-node');
  if (sherpa === null || parentPort === null) throw new Error('sherpa-onnx-node is not installed');
  const { segmentation, embedding } = workerData as Setup;
  const clustering = { numClusters: -1, threshold: CLUSTER_THRESHOLD };
  const diarizer = new sherpa.OfflineSpeakerDiarization({
    segmentation: { pyannote: { model: segmentation }, numThreads: 1, debug: 0 },
    embedding: { model: embedding, numThreads: 1, debug: 0 },
    clustering,
    minDurationOn: 0.2,
    minDurationOff: 0.5,
  });
  const extractor = new sherpa.SpeakerEmbeddingExtractor({ model: embedding, numThreads: 1, debug: 0 });
  const port = parentPort;
  port.on('message', ({ samples, count }: Question) => {
    let answer: Answer;
    try {
      diarizer.setConfig({ clustering });
      let segments = parseSegments(diarizer.process(samples));
      const wanted = wantedInstead(speakersIn(segments), count);
      if (wanted !== null && segments.length > 0) {
        diarizer.setConfig({ clustering: { ...clustering, numClusters: wanted } });
        segments = parseSegments(diarizer.process(samples));
      }
      const prints = Array.from({ length: speakersIn(segments) }, (_, speaker) =>
        printOf(extractor, samples, clearSpeech(segments, speaker)),
      );
      answer = { segments, prints };
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(answer);
  });
}

const speakersIn = (segments: readonly Segment[]): number =>
  new Set(segments.map(({ speaker }) => speaker)).size;

/** The print of a voice from its longest parts, of length 1 times the seconds heard. */
function printOf(
  extractor: Extractor,
  samples: Float32Array,
  parts: readonly { start: number; end: number }[],
): Print {
  const stream = extractor.createStream();
  let seconds = 0;
  for (const { start, end } of parts) {
    if (seconds >= PRINT_SECONDS) break;
    const piece = samples.slice(Math.round(start * SAMPLE_RATE), Math.round(end * SAMPLE_RATE));
    stream.acceptWaveform({ samples: piece, sampleRate: SAMPLE_RATE });
    seconds += end - start;
  }
  stream.inputFinished();
  const print = extractor.compute(stream, false);
  const norm = Math.hypot(...print);
  return print.map((value) => (value / Math.max(norm, 1e-12)) * seconds);
}

serve();
