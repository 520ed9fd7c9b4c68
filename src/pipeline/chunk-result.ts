import { z } from 'zod';
import { EarshotError, ERRORS, type ErrorCode } from '../errors.ts';
import type { Recognition } from '../speech/recognition/recognition.ts';
import { wordSchema } from '../transcript/schema.ts';

/** A recognition as it is checkpointed. */
export const recognitionSchema: z.ZodType<Recognition> = z.strictObject({
  words: z.array(wordSchema),
  language: z.strictObject({ code: z.string().nullable(), confidence: z.number().nullable() }),
  wordTimes: z.literal('estimated').optional(),
});

/** What became of a chunk: its recognition, or the reason why there is none. */
export type ChunkResult =
  | { readonly recognition: Recognition; readonly error: null }
  | {
      readonly recognition: null;
      readonly error: string;
      /** Of the table of errors. */
      readonly code: string;
      readonly hint?: string | null;
    };

/**
 * What a recording fails with of which no chunk was recognised: the code that all of them failed with, because a language
 * that the engine does not know is the caller's mistake and not the engine's; `engine_failed` when they differ. null: one
 * was recognised, or there was nothing to recognise. It is final: every chunk has had its tries.
 */
export function noneRecognized(results: readonly ChunkResult[], name: string): EarshotError | null {
  const failed = results.flatMap((result) => (result.error === null ? [] : [result]));
  const [first] = failed;
  if (!first || failed.length < results.length) return null;
  const isShared = first.code in ERRORS && failed.every(({ code }) => code === first.code);
  return new EarshotError(
    isShared ? (first.code as ErrorCode) : 'engine_failed',
    `no part of ${name} could be recognised: ${first.error}`,
    { isFinal: true, ...(first.hint ? { hint: first.hint } : {}) },
  );
}
