import { EarshotError } from '../../../errors.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Recognition } from '../recognition.ts';
import { type BreakerSettings, breaker } from './breaker.ts';
import { WorkerFault } from './fault.ts';
import { type Attempt, type Job, type Lane, conclusion, hedgeAt, hopeless, mayTry } from './rules.ts';
import { presence } from './presence.ts';
import { speed } from './speed.ts';
import { standing } from './standing.ts';
import type { Worker, WorkerJob } from './worker.ts';

export interface PoolSettings {
  readonly breaker: BreakerSettings;
  /** A chunk whose answer is this many times later than expected is also given to another worker. */
  readonly hedgeFactor: number;
  /** … but never before this many milliseconds, and after `firstAnswerMs` while no worker's speed is known. */
  readonly hedgeMinMs: number;
  readonly firstAnswerMs: number;
  /** Milliseconds after which a call is given up. Below the five minutes that fetch waits for an answer's headers. */
  readonly callMs: number;
  /**
   * Milliseconds without any useful answer from any worker after which waiting chunks are given up: the time of a cold
   * start. While nobody was ever seen at any address, the workers' own `waitMs` hold instead.
   */
  readonly patienceMs: number;
}

export interface PoolDependencies {
  readonly settings: PoolSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onNotice: (line: string) => void;
}

/** Spreads chunks over workers. Every chunk ends exactly once: with one recognition or one error. */
export interface Pool {
  /** Rejects with `worker_failed`, `engine_failed` (the workers refuse this chunk) or `cancelled`. */
  recognize(job: WorkerJob, signal?: AbortSignal): Promise<Recognition>;
  /** A worker has answered a ping: whatever was held against it is forgotten, unless it refused our credentials. */
  awake(worker: Worker): void;
  /** Ends all calls; chunks that are still there are `cancelled`. */
  close(): void;
}

/** Why an attempt that was not to blame is ended. */
const LOST = new Error('another worker was faster');

/**
 * The pool. Work is pulled: whenever something changes, every free slot takes the chunk that came first among those it
 * may have (see rules.ts); a slot that finds none helps with a chunk whose answer is overdue.
 *  1. A job is in `jobs` until it ends, and ends once.
 *  2. A lane runs at most `slots` attempts, one while it is on probation.
 *  3. A job has at most two attempts, on different lanes.
 *  4. When nothing can start now, a timer stands for the next moment at which something may.
 */
export function createPool(workers: readonly Worker[], dependencies: PoolDependencies): Pool {
  const { settings, clock, random, onNotice } = dependencies;
  const lanes: Lane[] = workers.map((worker) => ({
    worker,
    breaker: breaker(settings.breaker, random),
    speed: speed(),
    presence: presence(worker.waitMs),
    running: 0,
  }));
  const jobs = new Set<Job>();
  const record = standing(lanes, () => clock.now(), settings.patienceMs, onNotice);
  let timer = new AbortController();
  let closed = false;

  function pump(): void {
    const now = clock.now(); // one moment for all below, or what falls between two would be missed
    rejectWhere((job) => conclusion(job, lanes));
    while (startOne(now));
    if (jobs.size > 0 && record.isHopeless() && isIdle()) rejectWhere((job) => hopeless(job, lanes));
    setTimer(now);
  }

  /** Ends the waiting jobs for which there is an error. */
  function rejectWhere(errorOf: (job: Job) => EarshotError | null): void {
    for (const job of jobs) {
      const error = job.attempts.size === 0 ? errorOf(job) : null;
      if (error !== null) settle(job, () => job.reject(error));
    }
  }

  const isIdle = (): boolean => lanes.every((lane) => lane.running === 0);

  function startOne(now: number): boolean {
    const free = lanes.filter((lane) => isFree(lane, now));
    return (
      startFirst(fastestFirst(free, 0), (lane) => waitingFor(lane, now)) ||
      startFirst(fastestFirst(free, Infinity), (lane) => overdueFor(lane, now)) // no time for experiments
    );
  }

  function startFirst(free: readonly Lane[], jobFor: (lane: Lane) => Job | undefined): boolean {
    for (const lane of free) {
      const job = jobFor(lane);
      if (job === undefined) continue;
      void attempt(job, lane);
      return true;
    }
    return false;
  }

  function isFree({ breaker, running, worker }: Lane, now: number): boolean {
    if (breaker.availableAt() > now) return false;
    return running < (breaker.state(now) === 'closed' ? worker.slots : 1);
  }

  /** While all seems lost, calls under way are awaited and a new job gets one try; no other call is begun. */
  function waitingFor(lane: Lane, now: number): Job | undefined {
    const onlyNew = record.isHopeless();
    return jobs
      .values()
      .find(
        (job) =>
          job.attempts.size === 0 && !(onlyNew && job.lastFault !== null) && mayTry(job, lane, lanes, now),
      );
  }

  function overdueFor(lane: Lane, now: number): Job | undefined {
    if (lane.breaker.state(now) !== 'closed' || record.isHopeless()) return undefined;
    return jobs.values().find((job) => {
      const at = hedgeAt(job, lanes, settings);
      const [only] = job.attempts;
      return at !== null && at <= now && only?.lane !== lane && mayTry(job, lane, lanes, now);
    });
  }

  async function attempt(job: Job, lane: Lane): Promise<void> {
    const controller = new AbortController();
    const mine: Attempt = { lane, startedAt: clock.now(), controller };
    job.attempts.add(mine);
    lane.running++;
    limit(controller, lane);
    try {
      const recognition = await lane.worker.recognize(job.work, controller.signal);
      lane.speed.observe(job.audioSeconds, clock.now() - mine.startedAt);
      record.answered(lane);
      win(job, mine, recognition);
    } catch (error) {
      if (error !== LOST) blame(job, mine, asFault(error, lane));
    } finally {
      controller.abort(LOST);
      job.attempts.delete(mine);
      lane.running--;
      if (!closed) pump();
    }
  }

  function limit(controller: AbortController, { worker }: Lane): void {
    const late = `${worker.name} gave no answer in ${Math.round(settings.callMs / 1000)} s`;
    clock.sleep(settings.callMs, controller.signal).then(
      () => controller.abort(new WorkerFault('broken', late)),
      () => undefined,
    );
  }

  function win(job: Job, mine: Attempt, recognition: Recognition): void {
    if (!jobs.has(job)) return; // the loser's answer was already in when it was called off
    for (const { lane, startedAt } of job.attempts) {
      if (lane === mine.lane || startedAt > mine.startedAt) continue;
      const overtaken = new WorkerFault('broken', `${lane.worker.name} was overtaken`);
      record.failed(lane, overtaken, clock.now() - startedAt);
    }
    settle(job, () => job.resolve(recognition));
  }

  function blame(job: Job, { lane, startedAt }: Attempt, fault: WorkerFault): void {
    job.lastFault = fault;
    if (fault.kind === 'chunk') {
      job.rejectedBy.add(lane);
      return record.answered(lane);
    }
    if (fault.kind === 'broken') job.faults++;
    if (fault.kind !== 'busy') job.failedOn.add(lane);
    record.failed(lane, fault, clock.now() - startedAt);
  }

  function settle(job: Job, end: () => void): void {
    if (!jobs.delete(job)) return;
    job.release();
    for (const { controller } of job.attempts) controller.abort(LOST);
    end();
  }

  /** Invariant 4. Moments in the past are no use: what they allowed has been tried by now. */
  function setTimer(now: number): void {
    timer.abort();
    if (closed || jobs.size === 0) return;
    const moments = [
      ...lanes.map((lane) => lane.breaker.availableAt()),
      ...[...jobs].map((job) => hedgeAt(job, lanes, settings) ?? Infinity),
    ];
    moments.push(record.hopelessAt());
    const next = Math.min(...moments.filter((moment) => moment > now));
    if (next === Infinity) return;
    timer = new AbortController();
    clock.sleep(Math.ceil(next - now), timer.signal).then(pump, () => undefined);
  }

  return {
    recognize(work, signal) {
      return new Promise<Recognition>((resolve, reject) => {
        const onAbort = (): void =>
          settle(job, () => reject(new EarshotError('cancelled', 'cancelled', { cause: signal?.reason })));
        const job: Job = {
          work,
          audioSeconds: work.audio.samples.length / 16_000,
          attempts: new Set(),
          failedOn: new Set(),
          rejectedBy: new Set(),
          faults: 0,
          lastFault: null,
          resolve,
          reject,
          release: () => signal?.removeEventListener('abort', onAbort),
        };
        if (jobs.size === 0) record.begin();
        jobs.add(job);
        if (closed || signal?.aborted) return onAbort();
        signal?.addEventListener('abort', onAbort, { once: true });
        pump();
      });
    },
    awake(worker) {
      const lane = lanes.find((each) => each.worker === worker);
      if (lane === undefined || closed) return;
      record.answered(lane);
      pump();
    },
    close() {
      closed = true;
      timer.abort();
      for (const job of jobs)
        settle(job, () => job.reject(new EarshotError('cancelled', 'the recogniser was closed')));
    },
  };
}

const asFault = (error: unknown, { worker }: Lane): WorkerFault =>
  error instanceof WorkerFault
    ? error
    : new WorkerFault('broken', `${worker.name} failed: ${String(error)}`, { cause: error });

/** `unknown`: the rate that a lane without one is taken for. */
function fastestFirst(lanes: readonly Lane[], unknown: number): Lane[] {
  const rate = (lane: Lane): number => lane.speed.rate() ?? unknown;
  return lanes.toSorted((a, b) => (rate(a) === rate(b) ? 0 : rate(a) - rate(b)));
}
