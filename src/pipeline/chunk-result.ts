import { z } from 'zod';
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
  | { readonly recognition: null; readonly error: string; readonly hint?: string | null };
