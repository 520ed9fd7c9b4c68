import { z } from 'zod';

/**
 * Where the files of a job lie in the storage. Files that a stage makes carry the ticket that it ran under, so that two
 * runs of one stage never write to one name; which of them counts is what the stage's result says.
 */
export const folderOf = (jobId: string): string => `jobs/${jobId}/`;
export const sourceKey = (jobId: string): string => `jobs/${jobId}/source`;
export const givenTranscriptKey = (jobId: string): string => `jobs/${jobId}/given.json`;
/** Speech of the job's known speaker `index`. */
export const referenceKey = (jobId: string, index: number): string => `jobs/${jobId}/speaker-${index}`;
export const workFolder = (jobId: string): string => `jobs/${jobId}/work/`;
export const waveformKey = (jobId: string, ticket: string, track: number): string =>
  `jobs/${jobId}/work/${ticket}-track-${track}.wav`;
export const speakerKey = (jobId: string, ticket: string, index: number): string =>
  `jobs/${jobId}/work/${ticket}-speaker-${index}.wav`;
export const transcriptKey = (jobId: string, ticket: string): string =>
  `jobs/${jobId}/transcript-${ticket}.json`;

/** What a job was given, beside its options. */
export const inputSchema = z.object({
  /** What the client calls the recording, for people to read. */
  name: z.string(),
  /** Where the recording is to be fetched from; null: it lies in the storage. */
  url: z.string().nullable(),
  /** Who may be recognised; their speech lies at referenceKey. */
  known_speakers: z.array(z.object({ name: z.string(), sha256: z.string() })).optional(),
  /** A part of something longer: where it begins there, in seconds. */
  offset_seconds: z.number().optional(),
});
export type JobInput = z.infer<typeof inputSchema>;
