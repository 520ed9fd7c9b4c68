/**
 * The states of a job and of its stages, and what always holds. Tests cite the numbers.
 *
 * ```
 * job:    queued -> processing -> completed | failed     (queued, processing) -> cancelled
 *         (failed, cancelled, completed with failed stages) -> queued   by retry
 * stage:  waiting -> queued -> running -> done | failed  (waiting, queued, running) -> cancelled
 *         running -> queued   by a failure that may pass, a lost worker, a worker that drains
 * ```
 *
 * - I1  A job is accepted when its row, its first stage and that stage's ticket are committed together; its bytes are
 *       durable before.
 * - I2  A job's status changes only along the arrows above.
 * - I3  A job that has ended (completed, failed, cancelled) has no stage waiting, queued or running.
 * - I4  A stage that is queued or running has exactly one live ticket in the queue; any other stage has none.
 * - I5  Only the holder of a ticket's live attempt changes its stage. A result that comes after the lease was lost, after
 *       a cancel or after a retry changes zero rows.
 * - I6  A job's last stage leaves `waiting` in the very transaction in which the last of the other stages ends.
 * - I7  finished_at is set exactly while the job has ended, and expires_at counts from it.
 * - I8  A stage that is done is not run again, except a last stage whose other stages were retried.
 * - I9  A job that has not ended has a stage that is queued or running: nothing waits for ever.
 * - I10 A running stage is tried at most MAX_LOST times without a word from its worker; then it has failed.
 */
export type JobStatus = 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled';
export type StageState = 'waiting' | 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export const ENDED: readonly JobStatus[] = ['completed', 'failed', 'cancelled'];

/** Times that a stage is run before a failure that may pass counts for good. */
export const MAX_TRIES = 4;
/**
 * Times that a stage may take its worker down or hang before it has failed. A stage that was only running when its
 * worker was killed for another reason counts, too, so this is well above what a machine that is unwell would do.
 */
export const MAX_LOST = 10;
