import { z } from 'zod';
import { inputSchema, referenceKey, speakerKey } from '../api/job-files.ts';
import type { Run } from '../jobs/begin.ts';
import type { Job } from '../jobs/job.ts';
import type { StageTask } from '../jobs/worker.ts';
import type { Reference } from '../pipeline/known-speakers.ts';
import { trackSchema } from '../pipeline/plan.ts';
import type { KnownSpeaker } from '../speech/diarization/known-speakers.ts';
import type { TranscriptionContext } from './transcription.ts';

/** Known speakers as a stage's result holds them: the waveforms' paths are keys of the storage. */
export const knownSpeakersSchema = z.array(
  z.object({ name: z.string(), waveform: trackSchema.shape.waveform }),
);

/** The known speakers' speech as it was sent, as local files. */
export function localReferences(
  { storage }: TranscriptionContext,
  job: Job,
  folder: string,
  { signal }: StageTask,
): Promise<Reference[]> {
  const known = inputSchema.parse(job.input).known_speakers ?? [];
  return Promise.all(
    known.map(async ({ name }, i) => ({
      name,
      path: await storage.toLocal(referenceKey(job.id, i), folder, { signal }),
    })),
  );
}

/** The same, decoded. */
export function localSpeakers(
  { copies }: TranscriptionContext,
  job: Job,
  known: readonly KnownSpeaker[],
  { signal }: StageTask,
): Promise<KnownSpeaker[]> {
  return Promise.all(
    known.map(async ({ name, waveform }) => ({
      name,
      waveform: { ...waveform, path: await copies.get(job.id, waveform.path, signal) },
    })),
  );
}

/** Takes decoded speech into the storage. */
export async function storeSpeakers(
  { storage }: TranscriptionContext,
  { job, lease }: Run,
  known: readonly KnownSpeaker[],
  { signal }: StageTask,
): Promise<KnownSpeaker[]> {
  const stored: KnownSpeaker[] = [];
  for (const [i, { name, waveform }] of known.entries()) {
    const key = speakerKey(job.id, lease.id, i);
    await storage.adopt(key, waveform.path, { signal });
    stored.push({ name, waveform: { ...waveform, path: key } });
  }
  return stored;
}
