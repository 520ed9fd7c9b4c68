import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { jobOptionsSchema } from '../api/job-options.ts';
import { EarshotError } from '../errors.ts';
import type { Run } from '../jobs/begin.ts';
import type { Job, Stage } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { asStored } from '../jobs/storable.ts';
import type { StageRunner, StageTask } from '../jobs/worker.ts';
import { recognitionSchema, type ChunkResult } from '../pipeline/chunk-result.ts';
import { diarizationSchema } from '../pipeline/diarize.ts';
import { namedSpeakersSchema } from '../pipeline/known-speakers.ts';
import type { TranscribeOptions } from '../pipeline/options.ts';
import { chunkSchema, planSchema, trackSchema, type Track } from '../pipeline/plan.ts';
import type { Storage } from '../storage/storage.ts';
import { fetchToFile } from '../util/fetch-to-file.ts';
import type { StageHost } from './host/client.ts';
import type { LocalCopies } from './local-copies.ts';
import { inputSchema, sourceKey, transcriptKey, waveformKey } from '../api/job-files.ts';
import { knownSpeakersSchema, localReferences, localSpeakers, storeSpeakers } from './known-speakers.ts';

export interface TranscriptionContext {
  readonly jobs: Jobs;
  readonly storage: Storage;
  readonly host: StageHost;
  /** The server's own settings; a job's options come on top of them. */
  readonly defaults: TranscribeOptions;
  readonly copies: LocalCopies;
  /** A folder of this process for what it works on. */
  readonly workDir: string;
  /** Chunks at once. */
  readonly slots: number;
  readonly fetching: { readonly maxBytes: number; readonly allowPrivate: boolean };
}

const by = z.object({ engine: z.string(), model: z.string().nullable(), device: z.string() });
const prepared = z.object({
  plan: planSchema,
  known: knownSpeakersSchema.default([]),
  engine: z.string(),
  passedOver: z.array(z.string()),
});
const recognizing = z.object({ tracks: z.array(trackSchema), chunk: chunkSchema, engine: z.string() });
const recognized = z.object({ recognition: recognitionSchema, by });
const diarized = z.object({
  diarization: diarizationSchema,
  fallback: z.string().nullable(),
  named: namedSpeakersSchema.nullable().default(null),
});

/** The stages of a transcription as a worker runs them: files come from the storage, the work is done by the host. */
export function transcriptionRunners(context: TranscriptionContext): Record<string, StageRunner> {
  const { host, jobs, storage } = context;
  return {
    prepare: {
      slots: 2,
      ahead: { of: ['recognize', 'diarize'], jobs: 2 * context.slots },
      run: (run, task) =>
        inFolder(context, run, async (folder) => {
          const source = await localSource(context, run.job, folder, task);
          const options = optionsOf(context, run.job);
          const references = await localReferences(context, run.job, folder, task);
          const found = await host.run('prepare', { source, references, folder, options }, task);
          const tracks: Track[] = [];
          for (const [i, track] of found.plan.tracks.entries()) {
            const key = waveformKey(run.job.id, run.lease.id, i);
            if (track.waveform.samples > 0) await storage.adopt(key, track.waveform.path, task);
            tracks.push({ ...track, waveform: { ...track.waveform, path: key } });
          }
          const plan = { ...found.plan, tracks };
          const known = await storeSpeakers(context, run, found.known, task);
          const chunks = plan.chunks.map((chunk) => ({
            name: 'recognize',
            index: chunk.index,
            isOptional: true,
            data: asStored({ tracks: withoutSpans(tracks), chunk, engine: found.engine }),
          }));
          return {
            as: 'done',
            result: asStored({ ...found, plan, known }),
            then: [...chunks, { name: 'diarize' }],
            last: { name: 'finish' },
          };
        }),
    },

    recognize: {
      slots: context.slots,
      run: async (run, task) => {
        const { tracks, chunk, engine } = recognizing.parse(run.stage.data);
        const options = { ...optionsOf(context, run.job), engine };
        const own = tracks.map((track, i) => (i === chunk.track ? track : null));
        const local = await localTracks(context, run.job, own, task);
        const result = await host.run('recognize', { tracks: local, chunk, options }, task);
        return { as: 'done', result: asStored(result) };
      },
    },

    diarize: {
      slots: 1,
      run: async (run, task) => {
        const { plan, known } = await planOf(jobs, run.job);
        const input = {
          plan: { ...plan, tracks: await localTracks(context, run.job, plan.tracks, task) },
          known: await localSpeakers(context, run.job, known, task),
          options: optionsOf(context, run.job),
        };
        const result = await host.run('diarize', input, task);
        return { as: 'done', result: asStored(result) };
      },
    },

    finish: {
      slots: 2,
      run: (run, task) =>
        inFolder(context, run, async (folder) => {
          const stages = await jobs.stages(run.job.id);
          const { plan, engine, passedOver } = prepared.parse(stageOf(stages, 'prepare').result);
          const chunks = stages.filter(({ name }) => name === 'recognize');
          const done = chunks.map(({ result }) => (result === null ? null : recognized.parse(result)));
          const { diarization, fallback, named } = diarized.parse(stageOf(stages, 'diarize').result);
          const out = join(folder, 'transcript.json');
          const made = await host.run(
            'finish',
            {
              plan: { ...plan, tracks: await localTracks(context, run.job, plan.tracks, task) },
              results: chunks.map((stage, i): ChunkResult =>
                done[i]
                  ? { recognition: done[i].recognition, error: null }
                  : { recognition: null, ...failureOf(stage) },
              ),
              diarization,
              named,
              options: optionsOf(context, run.job),
              by: done.find((each) => each !== null)?.by ?? { engine, model: null, device: 'cpu' },
              passedOver,
              diarizationFallback: fallback,
              seconds: {
                prepare: secondsOf([stageOf(stages, 'prepare')]),
                recognize: secondsOf(chunks),
                wall: (Date.now() - (run.job.startedAt?.getTime() ?? Date.now())) / 1000,
              },
              out,
            },
            task,
          );
          const key = transcriptKey(run.job.id, run.lease.id);
          await storage.adopt(key, out, task);
          return {
            as: 'done',
            result: null,
            jobResult: { transcript: key, ...made, lost_chunks: done.filter((each) => each === null).length },
          };
        }),
    },
  };
}

/** What the job asks for, on top of what the server is set to. */
export function optionsOf({ defaults, workDir }: TranscriptionContext, job: Job): TranscribeOptions {
  const asked = jobOptionsSchema.parse(job.options);
  return {
    ...defaults,
    workDir,
    model: asked.model ?? defaults.model,
    language: asked.language ?? defaults.language,
    task: asked.task ?? defaults.task,
    diarization: asked.diarization ?? defaults.diarization,
    ...((asked.speakers ?? asked.min_speakers ?? asked.max_speakers) === undefined
      ? {}
      : {
          speakers: asked.speakers ?? null,
          minSpeakers: asked.min_speakers ?? null,
          maxSpeakers: asked.max_speakers ?? null,
        }),
    enrich: asked.enrich ?? defaults.enrich,
    name: inputSchema.parse(job.input).name,
  };
}

/** A folder of this run's own, removed when it ends. */
async function inFolder<T>(
  { workDir }: TranscriptionContext,
  run: Run,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(workDir, `run-${run.lease.id}-${run.lease.retryCount}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The recording as a local file; what is given by URL is fetched into the storage first, once. */
export async function localSource(
  { storage, fetching }: Pick<TranscriptionContext, 'storage' | 'fetching'>,
  job: Job,
  folder: string,
  { signal }: Pick<StageTask, 'signal'>,
): Promise<string> {
  const { url } = inputSchema.parse(job.input);
  const key = sourceKey(job.id);
  if (url !== null && (await storage.stat(key)) === null) {
    const path = join(folder, 'fetched');
    await fetchToFile(url, path, { ...fetching, signal });
    await storage.adopt(key, path, { signal });
  }
  return storage.toLocal(key, folder, { signal });
}

/** The tracks with waveforms as local files; null stands for one that is not needed. */
function localTracks(
  { copies }: TranscriptionContext,
  job: Job,
  tracks: readonly (Track | null)[],
  { signal }: StageTask,
): Promise<Track[]> {
  return Promise.all(
    tracks.map(async (track): Promise<Track> => {
      if (track === null) return NO_TRACK;
      if (track.waveform.samples === 0) return track;
      const path = await copies.get(job.id, track.waveform.path, signal);
      return { ...track, waveform: { ...track.waveform, path } };
    }),
  );
}

const NO_TRACK: Track = { channel: null, waveform: { path: '', samples: 0, duration: 0 }, spans: [] };

const withoutSpans = (tracks: readonly Track[]): Track[] => tracks.map((track) => ({ ...track, spans: [] }));

async function planOf(jobs: Jobs, job: Job): Promise<z.infer<typeof prepared>> {
  const [stage] = await jobs.results(job.id, 'prepare');
  return prepared.parse(stage?.result);
}

const failureOf = ({ error }: Stage): { error: string; code: string } => ({
  error: error?.message ?? 'it was not recognised',
  code: error?.code ?? 'engine_failed',
});

function stageOf(stages: readonly Stage[], name: string): Stage {
  const stage = stages.find((each) => each.name === name);
  if (!stage) throw new EarshotError('internal', `the job has no stage ${name}`);
  return stage;
}

/** From the first start to the last end, in seconds. */
function secondsOf(stages: readonly Stage[]): number {
  const starts = stages.flatMap(({ startedAt }) => (startedAt ? [startedAt.getTime()] : []));
  const ends = stages.flatMap(({ finishedAt }) => (finishedAt ? [finishedAt.getTime()] : []));
  return starts.length === 0 || ends.length === 0
    ? 0
    : Math.max(0, Math.max(...ends) - Math.min(...starts)) / 1000;
}
