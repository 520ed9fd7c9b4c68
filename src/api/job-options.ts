import { z } from 'zod';

/** What a client may ask of a transcription: the command line's names, in snake_case. Absent: the server's own setting. */
export const jobOptionsSchema = z.strictObject({
  model: z.string().min(1).max(200).optional(),
  language: z
    .string()
    .regex(/^(?:auto|[a-z]{2,3})$/, 'expected a language code such as en, de or yue, or auto')
    .optional(),
  task: z.enum(['transcribe', 'translate']).optional(),
  diarization: z.enum(['auto', 'pyannote', 'classic', 'channels', 'off']).optional(),
  speakers: z.int().min(1).max(100).optional(),
  min_speakers: z.int().min(1).max(100).optional(),
  max_speakers: z.int().min(1).max(100).optional(),
  enrich: z.array(z.enum(['prosody', 'sentiment', 'emotion'])).optional(),
  batch_size: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Taken from clients of other services, and without effect: the server knows what its engine can do.',
    ),
});

export type JobOptions = z.infer<typeof jobOptionsSchema>;
