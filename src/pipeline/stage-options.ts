import type { DiarizationOptions } from '../speech/diarization/diarization.ts';
import type { EnrichmentOptions } from '../speech/enrichment/index.ts';
import type { RecognitionOptions } from '../speech/recognition/recognition.ts';
import type { Recording } from '../audio/recording.ts';
import { canonicalJson, sha256 } from '../util/hash.ts';
import { VERSION } from '../util/version.ts';
import type { PipelineTask, TranscribeOptions } from './options.ts';

/** The options that can change the transcript: not how many jobs, where files lie, or whether to resume. */
function relevantOptions(options: TranscribeOptions): Partial<TranscribeOptions> {
  const { engine, model, language, task, vad, diarization, speakers, minSpeakers, maxSpeakers, enrich } =
    options;
  return { engine, model, language, task, vad, diarization, speakers, minSpeakers, maxSpeakers, enrich };
}

/** One hash of all options that can change the transcript, kept in its receipt. */
export function optionsHash(options: TranscribeOptions): string {
  return sha256(canonicalJson(relevantOptions(options)));
}

/** Names a run: equal for the same recording under the same name, with the same options, by the same version. */
export function runKey(recording: Pick<Recording, 'sha256' | 'name'>, options: TranscribeOptions): string {
  return sha256(canonicalJson([recording.sha256, recording.name, optionsHash(options), VERSION]));
}

/** What a recognition engine is opened with. */
export function recognitionOptions(
  options: TranscribeOptions,
  scratchDir: string,
  task: PipelineTask,
): RecognitionOptions {
  const { model, language, jobs, pull, modelsDir, workers } = options;
  return {
    ...{ model, language, task: options.task, jobs, pull, modelsDir, workers, scratchDir },
    modelBaseUrl: options.modelBaseUrl,
    ...(task.signal ? { signal: task.signal } : {}),
    ...(task.onNotice ? { onNotice: task.onNotice } : {}),
  };
}

/** What a diarization engine is called with. */
export function diarizationOptions(options: TranscribeOptions, task: PipelineTask): DiarizationOptions {
  return {
    ...{ speakers: options.speakers, min: options.minSpeakers, max: options.maxSpeakers },
    ...{ modelsDir: options.modelsDir, modelBaseUrl: options.modelBaseUrl, pull: options.pull },
    ...(task.onNotice ? { onNotice: task.onNotice } : {}),
  };
}

/** What enrichment is called with. */
export function enrichmentOptions(
  options: Pick<TranscribeOptions, 'enrich' | 'modelsDir' | 'modelBaseUrl' | 'pull'>,
  task: Pick<PipelineTask, 'onNotice'>,
): EnrichmentOptions {
  return {
    prosody: options.enrich.includes('prosody'),
    sentiment: options.enrich.includes('sentiment'),
    emotion: options.enrich.includes('emotion'),
    ...{ modelsDir: options.modelsDir, modelBaseUrl: options.modelBaseUrl, pull: options.pull },
    ...(task.onNotice ? { onNotice: task.onNotice } : {}),
  };
}
