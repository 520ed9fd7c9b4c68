import type { JobStatus, StageState } from './states.ts';

/** What JSON can hold; the jobs room stores it and never looks inside. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** How far a job is. `done` of `total` parts of `stage`; `percent` of the whole. */
export interface JobProgress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly percent: number;
}

/** What went wrong: a code of the table of errors, and its message. */
export interface JobFailure {
  readonly code: string;
  readonly message: string;
}

/** Something a user asked for. Times are the database's. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly owner: string;
  readonly status: JobStatus;
  /** As submitted; a retry uses them again. */
  readonly options: JsonObject;
  readonly input: JsonObject;
  /** Of what was uploaded. */
  readonly bytes: number;
  readonly priority: number;
  readonly rank: number;
  /** How often it was begun: 1, and one more for each retry. */
  readonly runs: number;
  readonly progress: JobProgress | null;
  /** What the last stage answered; null unless completed. */
  readonly result: JsonObject | null;
  /** null unless failed. */
  readonly error: JobFailure | null;
  readonly webhook: { readonly url: string } | null;
  readonly fingerprint: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly expiresAt: Date | null;
  /** When the result was first fetched. */
  readonly fetchedAt: Date | null;
}

/** A step of a job that is run, retried and resumed alone. */
export interface Stage {
  readonly id: string;
  readonly jobId: string;
  readonly name: string;
  readonly index: number;
  readonly state: StageState;
  /** Its failure does not end the job. */
  readonly isOptional: boolean;
  /** It begins when all others have ended. */
  readonly isLast: boolean;
  readonly rank: number;
  /** How often it was run to an end, and how often its worker was lost. */
  readonly tries: number;
  readonly lost: number;
  readonly data: Json;
  readonly result: Json;
  readonly error: JobFailure | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Columns of a Job, in the order of its fields. */
export const JOB_COLUMNS = `
  job.id, job.kind, job.owner, job.status, job.options, job.input, job.bytes::float8 AS bytes, job.priority, job.rank,
  job.runs, job.progress, job.result, job.error, job.webhook, job.fingerprint, job.created_at AS "createdAt",
  job.started_at AS "startedAt", job.finished_at AS "finishedAt", job.expires_at AS "expiresAt",
  job.fetched_at AS "fetchedAt"`;

/** Columns of a Stage. */
export const STAGE_COLUMNS = `
  stage.id, stage.job_id AS "jobId", stage.name, stage.index, stage.state, stage.is_optional AS "isOptional",
  stage.is_last AS "isLast", stage.rank, stage.tries, stage.lost, stage.data, stage.result, stage.error,
  stage.started_at AS "startedAt", stage.finished_at AS "finishedAt"`;
