import type { Run } from './begin.ts';
import type { Delivery, DeliveryOutcome } from './deliveries.ts';
import type { Job } from './job.ts';
import type { Outcome } from './settle.ts';

/**
 * Something that this process has done to a job and that is durable, for its log and its metrics. Other processes have
 * happenings of their own, and one that is killed may take the last of them with it: what must not be missed is in the
 * rows.
 */
export type Happening =
  | { readonly what: 'accepted' | 'cancelled' | 'retried'; readonly job: Job }
  | { readonly what: 'begun'; readonly run: Run }
  | { readonly what: 'settled'; readonly run: Run; readonly outcome: Outcome }
  | { readonly what: 'delivered'; readonly delivery: Delivery; readonly outcome: DeliveryOutcome };

/** How the job ended with this run of a stage; null when it goes on. */
export function endOf(run: Run, outcome: Outcome): 'completed' | 'failed' | null {
  if (outcome.as === 'done' && outcome.jobResult !== undefined) return 'completed';
  return outcome.as === 'failed' && !run.stage.isOptional ? 'failed' : null;
}
