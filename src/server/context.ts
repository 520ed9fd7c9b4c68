import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteSpec } from '../api/route.ts';
import { EarshotError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Counts } from '../jobs/read.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Storage } from '../storage/storage.ts';
import type { Clock } from '../util/clock.ts';
import { maySee, type Caller } from './auth/caller.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Log } from './logging.ts';
import type { Metrics } from './metrics.ts';
import type { Uploads } from './uploads/uploads.ts';
import type { Timeouts } from './slow-bodies.ts';

/** What the composition root gives the server, which itself loads no model and reads no configuration. */
export interface ServerDependencies {
  readonly jobs: Jobs;
  readonly storage: Storage;
  readonly auth: Authenticator;
  /** An output format made from a transcript, and its media type. Both throw `usage` for a format that there is not. */
  render(format: string, transcript: Transcript): string;
  mediaType(format: string): string;
  /** Names of the models that a request may ask for. */
  models(): readonly string[];
  readonly version: string;
  readonly limits: Limits;
  /** Where uploads that can be resumed lie until a job is made of them. */
  readonly uploadsFolder: string;
  /** Told of errors that the client sees in general words only. */
  readonly onError: (error: EarshotError) => void;
  readonly clock?: Clock;
  /** Told of every request and of what becomes of jobs; absent: nobody is. */
  readonly log?: Log;
  /** Whether X-Forwarded-For is believed. */
  readonly trustProxy?: boolean;
  readonly timeouts?: Timeouts;
}

export interface Limits {
  readonly maxUploadBytes: number;
  /** Uploads are refused while less than this is free in the storage. */
  readonly minFreeBytes: number;
  /** Seconds that a job is kept after its end. */
  readonly keepSeconds: number;
  /** Seconds within which an equal request without a key is the same job. */
  readonly dedupeSeconds: number;
  /** Whether URLs and webhooks may lead to private networks. */
  readonly allowPrivate: boolean;
}

/** What routes work with. */
export interface ServerContext extends ServerDependencies {
  readonly clock: Clock;
  /** Aborts when the server can wait no longer. */
  readonly stopping: AbortSignal;
  readonly activity: Activity;
  /** How many jobs there are, at once: a moment old while the database is busy. */
  readonly counts: () => Promise<Counts>;
  readonly isDraining: () => boolean;
  readonly metrics: Metrics;
  readonly uploads: Uploads;
}

/** What /health tells beside the jobs. */
export interface Activity {
  readonly startedAt: number;
  /** Under way. */
  uploads: number;
  lastAt: number;
}

/** A request whose caller is known. */
export interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  /** As the route's query schema has read it. */
  readonly query: Readonly<Record<string, unknown>>;
}

/** A route and what answers it. */
export interface Route extends RouteSpec {
  answer(call: Call, context: ServerContext): Promise<unknown>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The job that a path names, when the caller may see it; otherwise there is none (`not_found`). */
export async function jobOf({ params, caller }: Call, { jobs }: ServerContext): Promise<Job> {
  const id = params['id'] ?? '';
  const job = UUID.test(id) ? await jobs.get(id) : null;
  if (job === null || !maySee(caller, job.owner)) throw new EarshotError('not_found', 'there is no such job');
  return job;
}
