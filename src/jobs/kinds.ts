import type { Json, JobProgress } from './job.ts';

/** How many stages of a name there are, and how many have ended. */
export interface StageCount {
  readonly name: string;
  readonly done: number;
  readonly total: number;
}

/** What the jobs room must know of a kind of job: where it begins, and how far it is. */
export interface JobKind {
  readonly name: string;
  /** Its first stage. */
  readonly first: string;
  /** Every stage it may have; each has a queue of that name. */
  readonly stages: readonly string[];
  /** From the stages that exist so far; `within` is the fraction of a stage that reports it. */
  progress(
    counts: readonly StageCount[],
    within: { readonly name: string; readonly fraction: number } | null,
  ): JobProgress;
}

/** A stage to add to a job. */
export interface NewStage {
  readonly name: string;
  /** 0 where there is one of the name. */
  readonly index?: number;
  readonly data?: Json;
  /** Its failure does not end the job. */
  readonly isOptional?: boolean;
}
