import { z } from 'zod';

/**
 * What `prepare` found out about a recording, as a plain value: it is written to disk, read by resumed runs and can
 * travel to other machines with its waveforms.
 */
const span = z.strictObject({ start: z.number(), end: z.number() });

export const chunkSchema = z.strictObject({
  /** Position in the plan, over all tracks. */
  index: z.int(),
  /** Index of the track it was cut from. */
  track: z.int(),
  start: z.number(),
  end: z.number(),
  /** Of the PCM bytes in [start, end). */
  sha256: z.string(),
});

export const trackSchema = z.strictObject({
  /** null: the mono mix. Otherwise the channel, counted over all audio streams. */
  channel: z.int().nullable(),
  waveform: z.strictObject({ path: z.string(), samples: z.int(), duration: z.number() }),
  spans: z.array(span),
});

export const planSchema = z.strictObject({
  schema: z.literal('earshot.plan/1'),
  source: z.strictObject({
    name: z.string(),
    sha256: z.string(),
    bytes: z.int(),
    container: z.string(),
    codec: z.string(),
    sample_rate: z.int(),
    channels: z.int(),
    duration: z.number(),
  }),
  vad: z.strictObject({ engine: z.string(), model: z.string().nullable() }),
  tracks: z.array(trackSchema),
  chunks: z.array(chunkSchema),
  /** Where nobody speaks on any track: with the chunks they cover [0, duration]. */
  gaps: z.array(z.strictObject({ start: z.number(), end: z.number(), reason: z.string() })),
  warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
});

export type Plan = z.infer<typeof planSchema>;
export type Chunk = z.infer<typeof chunkSchema>;
export type Track = z.infer<typeof trackSchema>;
