import { randomUUID } from 'node:crypto';
import type { JobAnswer } from '../api/job-answer.ts';
import type { JobLog } from '../api/job-log.ts';
import type { JobRequest } from '../api/job-request.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Recording } from './byte-source.ts';
import { EarshotApiError } from './error.ts';
import { formOf, type Fields } from './form.ts';
import { jobPath } from './job-path.ts';
import { jobEvents, type EventsOptions, type JobEvent } from './job-events.ts';
import { jsonBody, type Request, type Transport } from './transport.ts';

/** A job as the server tells it. */
export type Job = JobAnswer;
export type JobStatus = Job['status'];

/** What shall be made of a recording, and how a job is handled; the names of `POST /jobs`. */
export type JobSettings = Omit<JobRequest, 'url' | 'upload_id'>;

export interface Cancellable {
  readonly signal?: AbortSignal;
}

export interface CreateOptions extends Cancellable {
  /**
   * The same key with the same request gives the same job. Default: a new one, so that sending the request again makes no
   * second job. null: none, and an equal request of late gives its job, where the server looks for that.
   */
  readonly idempotencyKey?: string | null;
}

export interface ListOptions extends Cancellable {
  readonly status?: JobStatus;
  readonly kind?: string;
  /** The most jobs that are given. Default: all. */
  readonly limit?: number;
  /** Jobs asked for at a time, at most 1000. */
  readonly pageSize?: number;
}

export interface WaitOptions extends Cancellable {
  /** Told everything that happens, from the job's beginning on. */
  readonly onEvent?: (event: JobEvent) => void;
}

const PAGE = 100;
const ENDED: readonly JobStatus[] = ['completed', 'failed', 'cancelled'];

/** Jobs of the server that the key may see. Every method rejects with an EarshotApiError. */
export class Jobs {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Hands in a recording: a path, a Blob or a stream, which is sent as it is read. A stream cannot be sent again when the
   * connection breaks; `uploads.create` and `createFromUpload` go on where it broke.
   */
  async create(recording: Recording, settings: JobSettings = {}, options: CreateOptions = {}): Promise<Job> {
    const { name, ...rest } = settings;
    const form = await formOf(recording, name ?? null, fieldsOf(rest));
    return this.#create(form, options);
  }

  /** Hands in a recording that the server fetches from an http(s) address. */
  createFromUrl(url: string, settings: JobSettings = {}, options: CreateOptions = {}): Promise<Job> {
    return this.#create({ ...jsonBody({ ...settings, url }), repeat: 'always' }, options);
  }

  /** Hands in a recording that `uploads.create` has sent. */
  createFromUpload(uploadId: string, settings: JobSettings = {}, options: CreateOptions = {}): Promise<Job> {
    return this.#create({ ...jsonBody({ ...settings, upload_id: uploadId }), repeat: 'always' }, options);
  }

  async get(id: string, { signal }: Cancellable = {}): Promise<Job> {
    return this.#transport.json({ method: 'GET', path: jobPath(id), repeat: 'always', signal });
  }

  /** Jobs, the newest first; pages are fetched as they are needed. */
  async *list(options: ListOptions = {}): AsyncGenerator<Job, void, void> {
    const { status, kind, limit = Infinity, pageSize = PAGE, signal } = options;
    let left = limit;
    let after: string | undefined;
    while (left > 0) {
      const page: { jobs: Job[]; next: string | null } = await this.#transport.json({
        method: 'GET',
        path: '/jobs',
        query: { status, kind, limit: Math.min(pageSize, left), after },
        repeat: 'always',
        signal,
      });
      yield* page.jobs;
      left -= page.jobs.length;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /**
   * The transcript: as an object, or as text in another format. Rejects with `job_state` while the job has not ended and
   * when it has failed.
   */
  result(id: string, format?: 'json', options?: Cancellable): Promise<Transcript>;
  result(id: string, format: string, options?: Cancellable): Promise<string>;
  async result(id: string, format = 'json', { signal }: Cancellable = {}): Promise<Transcript | string> {
    const response = await this.#transport.send({
      method: 'GET',
      path: `${jobPath(id)}/result`,
      query: { format },
      repeat: 'always',
      signal,
    });
    if (response.status === 202) {
      const { status } = (await response.json()) as Job;
      const requestId = response.headers.get('x-request-id');
      throw new EarshotApiError('job_state', `the job has no result yet, it is ${status}`, {
        status: 202,
        requestId,
      });
    }
    return format === 'json' ? ((await response.json()) as Transcript) : response.text();
  }

  /** What happens to the job, as it happens; goes on through broken connections. */
  events(id: string, options: EventsOptions = {}): AsyncGenerator<JobEvent, void, void> {
    return jobEvents(this.#transport, id, options);
  }

  /** The job once it has ended, well or badly: look at its status. */
  async wait(id: string, { signal, onEvent }: WaitOptions = {}): Promise<Job> {
    let after = '';
    for (;;) {
      const options = { after, ...(signal ? { signal } : {}) };
      for await (const event of this.events(id, options)) {
        after = event.id;
        onEvent?.(event);
      }
      const job = await this.get(id, options);
      if (ENDED.includes(job.status)) return job;
    }
  }

  /** Stops a job that has not ended; one that has stays as it is. Resolves with the job. */
  async cancel(id: string, { signal }: Cancellable = {}): Promise<Job> {
    return this.#transport.json({ method: 'POST', path: `${jobPath(id)}/cancel`, repeat: 'always', signal });
  }

  /** Removes a job and all its files, whatever its state. */
  async delete(id: string, options: Cancellable = {}): Promise<void> {
    const response = await this.#delete(id, options);
    if (response.status !== 204) await this.#delete(id, options); // the first time it was stopped
  }

  /** Runs a job again that failed, was cancelled or lacks parts, with the options it has; finished stages are kept. */
  async retry(id: string, { signal }: Cancellable = {}): Promise<Job> {
    return this.#transport.json({ method: 'POST', path: `${jobPath(id)}/retry`, repeat: 'refused', signal });
  }

  /** What happened to the job: its stages, tries, errors and webhooks. */
  async log(id: string, { signal }: Cancellable = {}): Promise<JobLog> {
    return this.#transport.json({ method: 'GET', path: `${jobPath(id)}/log`, repeat: 'always', signal });
  }

  #create(
    { headers, body, repeat }: Pick<Request, 'headers' | 'body' | 'repeat'>,
    { idempotencyKey = randomUUID(), signal }: CreateOptions,
  ): Promise<Job> {
    return this.#transport.json({
      method: 'POST',
      path: '/jobs',
      headers: { ...headers, ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }) },
      ...(body === undefined ? {} : { body }),
      repeat: idempotencyKey === null && repeat === 'always' ? 'refused' : repeat,
      signal,
    });
  }

  async #delete(id: string, { signal }: Cancellable): Promise<Response> {
    return this.#transport.send({ method: 'DELETE', path: jobPath(id), repeat: 'refused', signal });
  }
}

/** Text fields of a form; lists as repeated `name[]`, an empty one as "none". */
function fieldsOf(settings: Omit<JobSettings, 'name'>): Fields {
  return Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (!Array.isArray(value)) return [[name, String(value)] as const];
    return value.length === 0
      ? [[name, 'none'] as const]
      : value.map((item) => [`${name}[]`, String(item)] as const);
  });
}
