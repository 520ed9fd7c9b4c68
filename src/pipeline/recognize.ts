import { openWaveform } from '../audio/waveform.ts';
import { EarshotError, toEarshotError } from '../errors.ts';
import type { Recognition, RecognitionRequest, Recognizer } from '../speech/recognition/recognition.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { canonicalJson, sha256 } from '../util/hash.ts';
import { parallel } from '../util/parallel.ts';
import { recognitionSchema, type ChunkResult } from './chunk-result.ts';
import type { PipelineTask } from './options.ts';
import type { Chunk, Plan } from './plan.ts';
import type { Work } from './work.ts';

/** A chunk is tried this often before it becomes a gap. */
const ATTEMPTS = 3;
const BACKOFF_MS = 500;

/**
 * Recognises every chunk, `recognizer.concurrency` at once. Finished chunks are checkpointed in `work` and not done
 * again. A chunk that fails for good is a result with an error, not an exception: the others count. Rejects only when
 * cancelled, or when the recogniser can do no chunk at all (missing model, wrong key).
 */
export async function recognizeAll(
  plan: Plan,
  recognizer: Recognizer,
  request: RecognitionRequest,
  work: Work,
  task: PipelineTask,
): Promise<ChunkResult[]> {
  let done = 0;
  const total = plan.chunks.length;
  task.onProgress?.({ stage: 'recognize', done, total });
  return parallel(plan.chunks, recognizer.concurrency, async (chunk) => {
    // Another engine or model, chosen by `auto` since the run was cut short, starts anew.
    const by = sha256(canonicalJson([recognizer.engine, recognizer.model, chunk.sha256])).slice(0, 16);
    const name = `chunk-${chunk.index}-${by}`;
    const saved = await work.load(name, (json) => recognitionSchema.parse(json));
    const result = saved
      ? { recognition: saved, error: null }
      : await attempt(plan, chunk, recognizer, request, task);
    if (!saved && result.recognition) await work.save(name, result.recognition);
    done += 1;
    task.onProgress?.({ stage: 'recognize', done, total });
    return result;
  });
}

/** Recognises one chunk of the plan. Words are in seconds of the recording, in order, within the chunk. */
export async function recognize(
  plan: Pick<Plan, 'tracks'>,
  chunk: Chunk,
  recognizer: Recognizer,
  request: RecognitionRequest,
): Promise<Recognition> {
  const track = plan.tracks[chunk.track];
  if (!track)
    throw new EarshotError('internal', `chunk ${chunk.index} is of track ${chunk.track}, which is not there`);
  const reader = await openWaveform(track.waveform);
  const samples = await reader.slice(chunk.start, chunk.end).finally(() => reader.close());
  return recognizer.recognize({ samples, start: chunk.start }, request);
}

async function attempt(
  plan: Plan,
  chunk: Chunk,
  recognizer: Recognizer,
  request: RecognitionRequest,
  task: PipelineTask,
  clock: Clock = systemClock,
): Promise<ChunkResult> {
  for (let tried = 1; ; tried++) {
    try {
      return { recognition: await recognize(plan, chunk, recognizer, request), error: null };
    } catch (thrown) {
      task.signal?.throwIfAborted();
      const error = toEarshotError(thrown);
      if (error.code === 'disk_full' || error.kind.exitCode >= 2) throw error;
      // A remote pool has tried its workers before it gives a chunk up.
      if (tried === ATTEMPTS || !error.kind.retryable || error.code === 'worker_failed')
        return { recognition: null, error: error.message, code: error.code, hint: error.hint };
      task.onNotice?.(
        `chunk ${chunk.index + 1}: ${error.message}; trying again (${tried + 1} of ${ATTEMPTS})`,
      );
      await clock.sleep(BACKOFF_MS * 2 ** (tried - 1), task.signal);
    }
  }
}
