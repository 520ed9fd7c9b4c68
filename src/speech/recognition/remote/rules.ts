import { EarshotError } from '../../../errors.ts';
import type { Recognition } from '../recognition.ts';
import type { Breaker } from './breaker.ts';
import type { WorkerFault } from './fault.ts';
import type { Presence } from './presence.ts';
import type { Speed } from './speed.ts';
import type { Worker, WorkerJob } from './worker.ts';

/** A worker as the pool sees it. */
export interface Lane {
  readonly worker: Worker;
  readonly breaker: Breaker;
  readonly speed: Speed;
  readonly presence: Presence;
  running: number;
}

/** One call that is under way. */
export interface Attempt {
  readonly lane: Lane;
  readonly startedAt: number;
  readonly controller: AbortController;
}

/** A chunk in the pool, and what has happened to it. It waits when it has no attempt. */
export interface Job {
  readonly work: WorkerJob;
  readonly audioSeconds: number;
  readonly attempts: Set<Attempt>;
  /** Lanes that did not manage it; they get it again only when no other one is in service. */
  readonly failedOn: Set<Lane>;
  /** Lanes that understood and refused it; they never get it again. */
  readonly rejectedBy: Set<Lane>;
  /** Tries that a worker took up and failed. */
  faults: number;
  lastFault: WorkerFault | null;
  readonly resolve: (recognition: Recognition) => void;
  readonly reject: (error: EarshotError) => void;
  /** Stops listening to the caller's signal. */
  readonly release: () => void;
}

/** Whether this lane may have this job, given that it is free. */
export function mayTry(job: Job, lane: Lane, lanes: readonly Lane[], now: number): boolean {
  if (job.rejectedBy.has(lane)) return false;
  if (!job.failedOn.has(lane)) return true;
  return !lanes.some(
    (other) =>
      other.breaker.state(now) === 'closed' && !job.failedOn.has(other) && !job.rejectedBy.has(other),
  );
}

/** When a job's only attempt counts as overdue, in the clock's milliseconds; null when it has none or two. */
export function hedgeAt(
  job: Job,
  lanes: readonly Lane[],
  settings: { readonly hedgeFactor: number; readonly hedgeMinMs: number; readonly firstAnswerMs: number },
): number | null {
  const [only, second] = job.attempts;
  if (only === undefined || second !== undefined) return null;
  const rate = only.lane.speed.rate() ?? slowest(lanes);
  const late =
    rate === null
      ? settings.firstAnswerMs + job.audioSeconds * 1000
      : Math.max(settings.hedgeMinMs, settings.hedgeFactor * rate * job.audioSeconds * 1000);
  return only.startedAt + late;
}

function slowest(lanes: readonly Lane[]): number | null {
  const rates = lanes.map((lane) => lane.speed.rate()).filter((rate) => rate !== null);
  return rates.length === 0 ? null : Math.max(...rates);
}

/** Two workers that refuse a chunk are right about it. */
const REFUSALS = 2;
/** Tries a chunk is worth: every worker gets one and one gets two, within these bounds. */
const MIN_TRIES = 4;
const MAX_TRIES = 8;

/** The error with which a waiting job ends now, or null when it is worth another try. */
export function conclusion(job: Job, lanes: readonly Lane[]): EarshotError | null {
  const cause = job.lastFault === null ? {} : { cause: job.lastFault };
  const last = job.lastFault?.message ?? '';
  const alive = lanes.filter((lane) => lane.breaker.availableAt() !== Infinity);
  const refused = job.rejectedBy.size > 0 && alive.every((lane) => job.rejectedBy.has(lane));
  if (refused || job.rejectedBy.size >= REFUSALS)
    return new EarshotError('engine_failed', `the workers refuse this chunk: ${last}`, cause);
  if (alive.length === 0)
    return new EarshotError('worker_failed', `every worker refuses our credentials${last && `: ${last}`}`, {
      hint: 'set EARSHOT_WORKER_TOKEN (bearer), EARSHOT_WORKER_API_KEY or EARSHOT_WORKER_AUTH=google, or auth= behind the address',
      ...cause,
    });
  if (job.faults >= Math.min(MAX_TRIES, Math.max(MIN_TRIES, lanes.length + 1)))
    return new EarshotError('worker_failed', `${job.faults} tries failed, the last one: ${last}`, cause);
  return null;
}

/** The error of a job that waits while nothing can be expected of any worker. */
export function hopeless(job: Job, lanes: readonly Lane[]): EarshotError {
  const cause = job.lastFault === null ? {} : { cause: job.lastFault };
  if (lanes.every(({ presence }) => presence.absentFrom() !== null))
    return new EarshotError(
      'worker_failed',
      `none of the workers is there: ${lanes.map(({ presence, worker }) => `${presence.why()} (tried for ${worker.waitMs / 1000} s)`).join('; ')}`,
      {
        hint: "start the workers or correct --workers; a machine that is still booting gets more time like this: 'http://host:8001#wait=300'",
        ...cause,
      },
    );
  const last = job.lastFault === null ? 'none of them is in service' : job.lastFault.message;
  return new EarshotError('worker_failed', `no worker could be used any more: ${last}`, {
    hint: 'check the addresses in --workers and that the workers run; the same command goes on where this one ended',
    ...cause,
  });
}
