import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { transcriptKey } from '../../src/api/job-files.ts';
import { jobOptionsSchema } from '../../src/api/job-options.ts';
import type { EarshotError } from '../../src/errors.ts';
import { KINDS } from '../../src/handlers/kinds.ts';
import { localSource } from '../../src/handlers/transcription.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import type { Run } from '../../src/jobs/begin.ts';
import { Worker, type StageTask } from '../../src/jobs/worker.ts';
import { authenticator, type AuthenticatorOptions } from '../../src/server/auth/authenticator.ts';
import type { Limits, ServerDependencies } from '../../src/server/context.ts';
import { createServer } from '../../src/server/server.ts';
import { openStorage } from '../../src/storage/index.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { DEFAULT_WRITER_OPTIONS } from '../../src/writers/writer.ts';
import { findWriter } from '../../src/writers/index.ts';
import { PGLITE } from '../jobs/backends.ts';
import { opened } from '../jobs/fixture.ts';

/** A small transcript of two speakers, 3.2 s. */
export function transcript(): Transcript {
  const segment = (id: number, start: number, end: number, speaker: string, texts: string[]) => ({
    id,
    start,
    end,
    text: texts.join(' '),
    speaker,
    speaker_confidence: null,
    channel: null,
    overlap: false,
    words: texts.map((text, i) => ({
      text,
      start: start + i * 0.5,
      end: start + i * 0.5 + 0.4,
      confidence: null,
      speaker,
    })),
    prosody: null,
    emotion: null,
    sentiment: null,
    rendering: null,
  });
  return {
    schema: 'earshot.transcript/1',
    id: 't',
    source: {
      name: 'a.wav',
      sha256: '0'.repeat(64),
      bytes: 1,
      container: 'wav',
      codec: 'pcm_s16le',
      sample_rate: 16_000,
      channels: 1,
      duration: 3.2,
    },
    language: { code: 'en', confidence: null, requested: 'auto' },
    segments: [segment(0, 0, 1, 'S1', ['Hello', 'there.']), segment(1, 1.5, 3, 'S2', ['Good', 'day.'])],
    turns: [],
    speakers: [],
    stages: {},
    gaps: [],
    warnings: [],
    receipt: {
      earshot: '0',
      run_id: 'r',
      created_at: '',
      options_hash: '',
      audio_seconds: 3.2,
      wall_seconds: 1,
      cost: null,
    },
  };
}

/** What a job asked of the recogniser that stands behind the server here. */
export interface Asked {
  readonly path: string;
  readonly name: string;
  readonly model: string | null;
  readonly language: string;
  readonly task: string;
  readonly diarize: boolean;
}

/** A running server over real sockets, real jobs and a real storage; the transcribing alone is the test's own. */
export interface Running {
  readonly url: string;
  readonly jobs: Jobs;
  readonly storage: Storage;
  /** Folder of the storage. */
  readonly folder: string;
  readonly calls: Asked[];
  readonly errors: EarshotError[];
  drain(): void;
  sweepUploads(): Promise<number>;
  close(): Promise<void>;
}

export interface Changes extends Partial<
  Pick<ServerDependencies, 'models' | 'clock' | 'log' | 'timeouts' | 'trustProxy'>
> {
  readonly transcribe?: (asked: Asked, signal: AbortSignal) => Promise<Transcript>;
  readonly auth?: Partial<AuthenticatorOptions>;
  readonly limits?: Partial<Limits>;
  /** False: jobs stay in the queue. */
  readonly worker?: boolean;
}

/** Everything is closed with the test. */
export async function running(t: TestContext, changes: Changes = {}): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-server-'));
  // What was opened last is closed first, the jobs, which `opened` closes, after the server.
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  t.after(async () => {
    for (const close of closing.toReversed()) await close();
  });
  const { jobs, errors } = await opened(t, PGLITE, KINDS);
  const storage = await openStorage(folder);
  const calls: Asked[] = [];
  const onError = (error: EarshotError): void => void errors.push(error);
  if (changes.worker !== false) {
    const worker = workerOf(jobs, storage, folder, calls, changes, onError);
    closing.push(() => worker.drain(0));
  }
  const server = createServer({
    jobs,
    storage,
    auth: await authenticator({ apiKey: null, keysFile: null, oidc: null, onError, ...changes.auth }),
    render: (format, value) => findWriter(format).render(value, DEFAULT_WRITER_OPTIONS),
    mediaType: (format) => findWriter(format).mediaType,
    models: changes.models ?? (() => ['parakeet']),
    version: '0.1.0',
    uploadsFolder: join(folder, 'uploads'),
    limits: {
      maxUploadBytes: 1_000_000,
      minFreeBytes: 0,
      keepSeconds: 3600,
      dedupeSeconds: 0,
      allowPrivate: false,
      ...changes.limits,
    },
    onError,
    ...(changes.clock ? { clock: changes.clock } : {}),
    ...(changes.log ? { log: changes.log } : {}),
    ...(changes.timeouts ? { timeouts: changes.timeouts } : {}),
    trustProxy: changes.trustProxy ?? false,
  });
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
  closing.push(() => server.close());
  return {
    url,
    jobs,
    storage,
    folder,
    calls,
    errors,
    drain: () => server.drain(),
    sweepUploads: () => server.sweepUploads(),
    close: () => server.close(),
  };
}

/** One stage that asks the test for the transcript. */
function workerOf(
  jobs: Jobs,
  storage: Storage,
  folder: string,
  calls: Asked[],
  { transcribe, limits }: Changes,
  onError: (error: EarshotError) => void,
): Worker {
  const fetching = { maxBytes: 1_000_000, allowPrivate: limits?.allowPrivate ?? false };
  const prepare = {
    slots: 2,
    run: async ({ job, lease }: Run, { signal }: StageTask) => {
      const options = jobOptionsSchema.parse(job.options);
      const asked: Asked = {
        path: await localSource({ storage, fetching }, job, await mkdtemp(join(folder, 'run-')), { signal }),
        name: String(job.input['name']),
        model: options.model ?? null,
        language: options.language ?? 'auto',
        task: options.task ?? 'transcribe',
        diarize: options.diarization !== 'off',
      };
      calls.push(asked);
      const made = transcribe ? await transcribe(asked, signal) : transcript();
      const key = transcriptKey(job.id, lease.id);
      await storage.put(key, Readable.from([Buffer.from(JSON.stringify(made))]));
      return { as: 'done' as const, result: null, jobResult: { transcript: key, lost_chunks: 0 } };
    },
  };
  return new Worker({ jobs, runners: { prepare }, onError });
}

/** A form by the platform's own encoder: `file` first, then the fields in their order. */
export function form(
  fields: readonly [string, string][],
  bytes: string | Uint8Array<ArrayBuffer> = 'RIFF',
): FormData {
  const data = new FormData();
  data.append('file', new Blob([bytes], { type: 'audio/wav' }), 'a.wav');
  for (const [name, value] of fields) data.append(name, value);
  return data;
}

/** Sends exactly these bytes as a chunked form, without Content-Length. */
export function raw(
  url: string,
  chunks: readonly (string | Buffer)[],
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=XX', ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    request.on('error', reject);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

export const textPart = (name: string, value: string): string =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
export const filePart = (filename: string, content: string): string =>
  `--XX\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n`;
export const END = '--XX--\r\n';
