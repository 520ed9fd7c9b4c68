/**
 * The canonical transcript, `earshot.transcript/1`: the one schema behind the TypeScript types, the validation of what
 * is read from disk and HTTP, and docs/reference/transcript.schema.json. Times are seconds from the start of the
 * recording. What is not known is null, never a guess.
 */
import { z } from 'zod';

const seconds = z.number().min(0);
const probability = z.number().min(0).max(1);
const level = z.enum(['very_low', 'low', 'normal', 'high', 'very_high', 'unknown']);

export const wordSchema = z.strictObject({
  text: z.string(),
  start: seconds,
  end: seconds,
  confidence: probability.nullable(),
  speaker: z.string().nullable(),
});

export const prosodySchema = z.strictObject({
  /** null when no voiced frame was found in the segment. */
  pitch: z
    .strictObject({
      mean_hz: z.number(),
      std_hz: z.number(),
      min_hz: z.number(),
      max_hz: z.number(),
      contour: z.enum(['rising', 'falling', 'flat']),
      level,
    })
    .nullable(),
  energy: z.strictObject({ db_rms: z.number(), level }),
  /** syllables_per_sec is null for scripts whose syllables Earshot cannot count. */
  rate: z.strictObject({
    syllables_per_sec: z.number().nullable(),
    words_per_sec: z.number().nullable(),
    level,
  }),
  pauses: z.strictObject({
    count: z.int().min(0),
    longest_ms: z.number().min(0),
    density: z.number().min(0),
  }),
});

export const emotionSchema = z.strictObject({ label: z.string(), confidence: probability.nullable() });
/** score: -1 (negative) to 1 (positive). */
export const sentimentSchema = z.strictObject({
  label: z.enum(['negative', 'neutral', 'positive']),
  score: z.number().min(-1).max(1),
});

export const segmentSchema = z.strictObject({
  id: z.int().min(0),
  start: seconds,
  end: seconds,
  text: z.string(),
  speaker: z.string().nullable(),
  speaker_confidence: probability.nullable(),
  channel: z.int().min(0).nullable(),
  overlap: z.boolean(),
  words: z.array(wordSchema),
  prosody: prosodySchema.nullable(),
  emotion: emotionSchema.nullable(),
  sentiment: sentimentSchema.nullable(),
  rendering: z.string().nullable(),
});

export const turnSchema = z.strictObject({ speaker: z.string(), start: seconds, end: seconds });

export const baselineSchema = z.strictObject({
  pitch_hz: z.number().nullable(),
  pitch_std_hz: z.number().nullable(),
  energy_db: z.number().nullable(),
  energy_std_db: z.number().nullable(),
  syllables_per_sec: z.number().nullable(),
  syllables_std: z.number().nullable(),
});

export const speakerSchema = z.strictObject({
  id: z.string(),
  label: z.string().nullable(),
  /** Seconds of this speaker's turns. */
  talk_time: seconds,
  turns: z.int().min(0),
  words: z.int().min(0),
  /** Times this speaker began while another was speaking and went on after. */
  interruptions: z.int().min(0),
  questions: z.int().min(0),
  words_per_minute: z.number().nullable(),
  prosody_baseline: baselineSchema.nullable(),
  sentiment: z.number().min(-1).max(1).nullable(),
});

export const stageSchema = z.strictObject({
  status: z.enum(['done', 'skipped', 'unavailable', 'failed']),
  engine: z.string().nullable(),
  model: z.string().nullable(),
  device: z.string().nullable(),
  seconds: z.number().min(0).nullable(),
  reason: z.string().optional(),
});

export const transcriptSchema = z.strictObject({
  schema: z.literal('earshot.transcript/1'),
  id: z.string(),
  source: z.strictObject({
    name: z.string(),
    sha256: z.string(),
    bytes: z.int().min(0),
    container: z.string(),
    codec: z.string(),
    sample_rate: z.int().min(0),
    channels: z.int().min(0),
    duration: seconds,
  }),
  language: z.strictObject({
    code: z.string().nullable(),
    confidence: probability.nullable(),
    requested: z.string(),
  }),
  segments: z.array(segmentSchema),
  turns: z.array(turnSchema),
  speakers: z.array(speakerSchema),
  stages: z.record(z.string(), stageSchema),
  gaps: z.array(z.strictObject({ start: seconds, end: seconds, reason: z.string() })),
  warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  receipt: z.strictObject({
    earshot: z.string(),
    run_id: z.string(),
    created_at: z.string(),
    options_hash: z.string(),
    audio_seconds: seconds,
    wall_seconds: seconds,
    cost: z.number().nullable(),
  }),
});

export type Transcript = z.infer<typeof transcriptSchema>;
export type Segment = z.infer<typeof segmentSchema>;
export type Word = z.infer<typeof wordSchema>;
export type Turn = z.infer<typeof turnSchema>;
export type Speaker = z.infer<typeof speakerSchema>;
export type Prosody = z.infer<typeof prosodySchema>;
export type ProsodyBaseline = z.infer<typeof baselineSchema>;
export type ProsodyLevel = z.infer<typeof level>;
export type Emotion = z.infer<typeof emotionSchema>;
export type Sentiment = z.infer<typeof sentimentSchema>;
export type Stage = z.infer<typeof stageSchema>;
export type Gap = Transcript['gaps'][number];
export type Warning = Transcript['warnings'][number];
export type Source = Transcript['source'];
