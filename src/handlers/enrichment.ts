import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageRunner } from '../jobs/worker.ts';
import { givenTranscriptKey, transcriptKey } from '../api/job-files.ts';
import { localSource, optionsOf, type TranscriptionContext } from './transcription.ts';

/** The one stage of an enrichment: a transcript and its recording in, the enriched transcript out. */
export function enrichmentRunners(context: TranscriptionContext): Record<string, StageRunner> {
  const { host, storage, workDir } = context;
  return {
    enrich: {
      slots: 1,
      run: async ({ job, lease }, task) => {
        const folder = join(workDir, `run-${lease.id}-${lease.retryCount}`);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        try {
          const source = await localSource(context, job, folder, task);
          const transcript = await storage.toLocal(givenTranscriptKey(job.id), folder, task);
          const out = join(folder, 'transcript.json');
          const options = { ...optionsOf(context, job), workDir: folder };
          const made = await host.run('enrich', { transcript, source, out, options }, task);
          const key = transcriptKey(job.id, lease.id);
          await storage.adopt(key, out, task);
          return { as: 'done', result: null, jobResult: { transcript: key, ...made, lost_chunks: 0 } };
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      },
    },
  };
}
