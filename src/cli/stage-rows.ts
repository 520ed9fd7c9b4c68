import type { Transcript } from '../transcript/schema.ts';

/** Which warning of the pipeline says why a stage took its engine. */
const REASONS: Readonly<Record<string, string>> = {
  recognize: 'engine_fallback',
  diarize: 'diarization_fallback',
};

/** A row for each stage: name, engine or status, model, seconds. */
export function stageRows(transcript: Transcript): string[][] {
  return Object.entries(transcript.stages).map(([name, stage]) => [
    name,
    stage.engine ?? stage.status,
    stage.model ?? '',
    stage.seconds === null ? '' : stage.seconds.toFixed(2),
  ]);
}

/** Why stages have the engine they have, or no result; "the best there is" goes without saying. */
export function stageReasons(transcript: Transcript): string[] {
  return Object.entries(transcript.stages).flatMap(([name, { reason }]) => {
    const why = reason ?? transcript.warnings.find(({ code }) => code === REASONS[name])?.message;
    return why === undefined ? [] : [`${name}: ${why}`];
  });
}
