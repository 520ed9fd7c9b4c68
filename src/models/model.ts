import { z } from 'zod';

/** What a model does. SenseVoice does two things. */
export const MODEL_TASKS = ['recognition', 'vad', 'segmentation', 'speaker-embedding', 'emotion'] as const;

/** Which engine loads a model, and as what. */
export const engineSchema = z.discriminatedUnion('family', [
  z.strictObject({
    family: z.literal('sherpa'),
    kind: z.enum([
      'nemo-transducer',
      'whisper',
      'sense-voice',
      'moonshine',
      'silero-vad',
      'pyannote',
      'speaker-embedding',
    ]),
  }),
  z.strictObject({ family: z.literal('whisper-cpp'), kind: z.enum(['whisper', 'parakeet']) }),
]);

export const fileSchema = z.strictObject({
  /** Name in the model's folder, the same for all models of a kind: "encoder.onnx", "tokens.txt", "model.bin", … */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  /** Where its publisher keeps it. */
  url: z.url({ protocol: /^https$/ }),
  /** null: not known to us; it is pinned at the first pull. */
  bytes: z.int().positive().nullable(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

/** One row of the catalogue. */
export const modelSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  tasks: z.array(z.enum(MODEL_TASKS)).min(1),
  engine: engineSchema,
  files: z.array(fileSchema).min(1),
  /** SPDX identifier of the weights' licence. */
  licence: z.string(),
  /** ISO 639 codes of what it was trained for; empty where the model does not depend on the language. */
  languages: z.array(z.string().regex(/^[a-z]{2,3}$/)),
  /** A page for people: the publisher's model card. */
  source: z.url(),
  description: z.string(),
});

export type ModelTask = (typeof MODEL_TASKS)[number];
export type ModelEngine = z.infer<typeof engineSchema>;
export type ModelFile = z.infer<typeof fileSchema>;
export type Model = z.infer<typeof modelSchema>;

/** Bytes of all files together, or null when the catalogue does not know one of them. */
export function modelBytes(model: Model): number | null {
  let total = 0;
  for (const { bytes } of model.files) {
    if (bytes === null) return null;
    total += bytes;
  }
  return total;
}
