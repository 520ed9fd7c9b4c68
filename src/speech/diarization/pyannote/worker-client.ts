import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EarshotError } from '../../../errors.ts';
import type { SpeakerCount } from '../diarization.ts';
import type { Answer, Found, Question, Setup } from './protocol.ts';

/** The models, loaded on a thread of their own: sherpa-onnx diarizes synchronously. One question at a time. */
export interface WorkerClient {
  /** Who speaks when in the samples (seconds from their first one). `count` null: as many as there seem to be. */
  diarize(samples: Float32Array, count: SpeakerCount | null): Promise<Found>;
  close(): Promise<void>;
}

/** Starts the thread. Its failures, now or later, are `engine_failed`; aborting ends the thread at once. */
export async function startWorker(setup: Setup, signal?: AbortSignal): Promise<WorkerClient> {
  signal?.throwIfAborted();
  // Run from source this file ends in .ts, published in .js: the worker has the same ending.
  const url = new URL(`./worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
  const worker = new Worker(url, { workerData: setup });
  const end = (): void => void worker.terminate();
  signal?.addEventListener('abort', end, { once: true });
  return {
    diarize: (samples, count) =>
      new Promise((resolve, reject) => {
        const settle = (finish: () => void): void => {
          worker.removeAllListeners();
          finish();
        };
        worker.once('message', (answer: Answer) =>
          settle(() => ('error' in answer ? reject(failed(answer.error)) : resolve(answer))),
        );
        worker.once('error', (error) => settle(() => reject(failed(error.message))));
        worker.once('exit', (code) =>
          settle(() =>
            reject(signal?.aborted ? (signal.reason as Error) : failed(`its thread ended with code ${code}`)),
          ),
        );
        const question: Question = { samples, count };
        worker.postMessage(question, [samples.buffer as ArrayBuffer]);
      }),
    close: async () => {
      signal?.removeEventListener('abort', end);
      await worker.terminate();
    },
  };
}

function failed(reason: string): EarshotError {
  return new EarshotError('engine_failed', `pyannote diarization failed: ${reason}`, {
    hint: 'earshot models verify tells whether the models are whole; --diarization classic needs none',
  });
}
