import type { Transcript } from '../transcript/schema.ts';

/** Which warning of the pipeline says why a stage took its engine. */
const REASONS: Readonly<Record<string, string>> = {
  vad: 'vad_fallback',
  recognize: 'engine_fallback',
  diarize: 'diarization_fallback',
};

/** A row for each stage: name, engine, model, seconds, and why it is this engine or why there is no result. */
export function stageRows(transcript: Transcript): string[][] {
  return Object.entries(transcript.stages).map(([name, stage]) => [
    name,
    stage.engine ?? stage.status,
    stage.model ?? '',
    stage.seconds === null ? '' : stage.seconds.toFixed(2),
    stage.reason ?? transcript.warnings.find(({ code }) => code === REASONS[name])?.message ?? '',
  ]);
}
