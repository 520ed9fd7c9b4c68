import type { Jobs } from '../jobs/jobs.ts';
import type { QueueState } from '../jobs/queue-state.ts';
import type { Clock } from '../util/clock.ts';

const KEEP_MS = 5_000;
/** An answer is kept for so many times what it took, so that asking takes no more than a twentieth of the database's time. */
const KEEP_TIMES = 20;

/** Asks the database, or tells what it said a few seconds ago; one question is under way at a time. */
export function queueState(jobs: Jobs, clock: Clock): () => Promise<QueueState> {
  let known: Promise<QueueState> | null = null;
  let until = 0;
  return () => {
    if (known !== null && clock.now() < until) return known;
    const began = clock.now();
    until = Infinity;
    const asking = jobs.queueState();
    known = asking;
    asking.then(
      () => (until = clock.now() + Math.max(KEEP_MS, KEEP_TIMES * (clock.now() - began))),
      () => (known = null),
    );
    return asking;
  };
}
