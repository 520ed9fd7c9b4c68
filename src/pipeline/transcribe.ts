import { openRecording } from '../audio/recording.ts';
import { together } from '../util/together.ts';
import { chooseDiarization, DIARIZATION_ENGINES } from '../speech/diarization/index.ts';
import { chooseRecognition, RECOGNITION_ENGINES } from '../speech/recognition/index.ts';
import type { RecognitionEngine, RecognitionRequest } from '../speech/recognition/recognition.ts';
import { withCommands } from '../transcript/commands.ts';
import type { Transcript } from '../transcript/schema.ts';
import { assemble } from './assemble.ts';
import { noneRecognized, type ChunkResult } from './chunk-result.ts';
import { diarize } from './diarize.ts';
import { finish } from './finish.ts';
import type { PipelineTask, TranscribeOptions } from './options.ts';
import { isIntact } from './intact.ts';
import { planSchema, type Plan } from './plan.ts';
import { prepare } from './prepare.ts';
import { recognizeAll } from './recognize.ts';
import { diarizationOptions, optionsHash, recognitionOptions, runKey } from './stage-options.ts';
import { Opening } from './opening.ts';
import { openWork, type Work } from './work.ts';

/**
 * From a media file to its transcript: prepare -> recognize every chunk, and diarize beside it -> finish. Everything that
 * is done is checkpointed; the same call after a kill does only the rest. The transcript is the same whatever the number
 * of jobs, the order in which chunks ended and how often the run was cut short (stage seconds and the receipt aside).
 * Rejects with an EarshotError; a chunk or a diarization that fails is told in the transcript and is no error, unless
 * every chunk failed.
 */
export async function transcribe(
  path: string,
  options: TranscribeOptions,
  task: PipelineTask = {},
  engines: readonly RecognitionEngine[] = RECOGNITION_ENGINES,
): Promise<Transcript> {
  const began = performance.now();
  const recording = await openRecording(path, options.name ?? undefined, task.signal);
  const key = runKey(recording, options);
  const work = await openWork(options.workDir, key.slice(0, 32), options.resume, recording.name);
  const opening = new Opening(task.signal);
  let disposable = true; // until there is something that a later run can go on from
  try {
    const choice = await chooseRecognition(
      options.engine,
      recognitionOptions(options, work.scratch, { ...task, signal: opening.signal }),
      engines,
    );
    // Loading a model or waking a worker goes on while the recording is decoded.
    opening.begin(choice);
    const prepared = await timed(() =>
      checkpointed(work, () => prepare(recording, options, choice.engine.chunking, work.folder, task)),
    );
    const plan = prepared.value;
    disposable = false;
    const recognizer = await opening.recognizer();

    const diarizing = diarizationOptions(options, task);
    const speakers =
      options.diarization === 'off'
        ? null
        : await chooseDiarization(
            options.diarization,
            plan.tracks,
            diarizing,
            DIARIZATION_ENGINES,
            task.signal,
          );
    const [recognized, diarization] = await together(
      task.signal,
      (signal) =>
        timed(() => recognizeAll(plan, recognizer, requestOf(options, signal), work, { ...task, signal })),
      (signal) => diarize(plan, speakers, diarizing, work, { ...task, signal }),
    );
    const lost = failures(recognized.value, recording.name);

    const body = await finish(plan, recognized.value, diarization, options, task);
    const assembled = assemble(plan, body, {
      key,
      optionsHash: optionsHash(options),
      recognizer,
      lost,
      passedOver: choice.passedOver,
      diarizationFallback: speakers?.fallback ?? null,
      prepareSeconds: prepared.seconds,
      recognizeSeconds: recognized.seconds,
      wallSeconds: seconds(began),
    });
    const transcript = withCommands(assembled, task.asTyped);
    await task.deliver?.(transcript);
    disposable = lost === 0;
    return transcript;
  } finally {
    await opening.release().finally(() => work.close(disposable));
  }
}

/** The plan of a run that was cut short counts only while its waveforms are what they were. */
async function checkpointed(work: Work, make: () => Promise<Plan>): Promise<Plan> {
  const saved = await work.load('plan', (json) => planSchema.parse(json));
  if (saved && (await isIntact(saved))) return saved;
  const plan = await make();
  await work.save('plan', plan);
  return plan;
}

function requestOf({ language, task }: TranscribeOptions, signal: AbortSignal): RecognitionRequest {
  return { language, task, signal };
}

/** How many chunks have no result; throws when none has one. */
function failures(results: readonly ChunkResult[], name: string): number {
  const failure = noneRecognized(results, name);
  if (failure) throw failure;
  return results.filter(({ error }) => error !== null).length;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const began = performance.now();
  const value = await work();
  return { value, seconds: seconds(began) };
}

function seconds(since: number): number {
  return Math.round(performance.now() - since) / 1000;
}
