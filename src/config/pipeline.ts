import type { TranscribeOptions } from '../pipeline/options.ts';
import type { WriterOptions } from '../writers/writer.ts';
import type { Folders } from './folders.ts';
import type { Settings } from './options.ts';

/** What the pipeline is asked for; `name` is the recording's name to show, null for its file name. */
export function transcribeOptions(
  settings: Settings,
  folders: Folders,
  name: string | null,
): TranscribeOptions {
  const { engine, model, language, task, vad, enrich, workers, jobs, resume, pull } = settings;
  const { diarization, speakers, minSpeakers, maxSpeakers } = settings;
  return {
    ...{ engine, model, language, task, vad, enrich, workers, jobs, resume, pull },
    ...{ diarization, speakers, minSpeakers, maxSpeakers },
    modelsDir: folders.models,
    modelBaseUrl: settings.modelBaseUrl,
    workDir: folders.work,
    name,
  };
}

/** How writers lay out text and subtitles. */
export function writerOptions({ maxLineChars, maxLines, maxCueSeconds, bom }: Settings): WriterOptions {
  return { maxLineChars, maxLines, maxCueSeconds, bom };
}
