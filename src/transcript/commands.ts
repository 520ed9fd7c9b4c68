import type { Transcript } from './schema.ts';

/** The same transcript with the command lines that its warnings and reasons name written another way, if there is one. */
export function withCommands(
  transcript: Transcript,
  asTyped: ((text: string) => string) | undefined,
): Transcript {
  if (asTyped === undefined) return transcript;
  const stages = Object.entries(transcript.stages).map(([name, { reason, ...stage }]) => [
    name,
    reason === undefined ? stage : { ...stage, reason: asTyped(reason) },
  ]);
  return {
    ...transcript,
    stages: Object.fromEntries(stages) as Transcript['stages'],
    warnings: transcript.warnings.map(({ code, message }) => ({ code, message: asTyped(message) })),
  };
}
