import { EarshotError, toEarshotError } from '../errors.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { begin, type Run } from './begin.ts';
import { announce } from './ending.ts';
import type { JobFailure } from './job.ts';
import type { Jobs } from './jobs.ts';
import type { Outcome } from './settle.ts';
import { MAX_LOST, MAX_TRIES } from './states.ts';

/** What a running stage is given beside its values. `signal` aborts when its lease is lost, it is cancelled, or the worker stops. */
export interface StageTask {
  readonly signal: AbortSignal;
  /** Fraction done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/** Runs one stage; rejects with an EarshotError whose `retryable` decides what becomes of it. */
export type RunStage = (run: Run, task: StageTask) => Promise<Extract<Outcome, { as: 'done' }>>;

/** How a stage is run here: how many of it at once, and by what. */
export interface StageRunner {
  readonly slots: number;
  readonly run: RunStage;
}

export interface WorkerOptions {
  readonly jobs: Jobs;
  /** By stage name. */
  readonly runners: Readonly<Record<string, StageRunner>>;
  readonly onError: (error: EarshotError) => void;
  readonly clock?: Clock;
}

/** Leases are looked after this often: cancelled work stops within this time and the runner's own. */
const WATCH_MS = 1_000;
const HEARTBEAT_MS = 5_000;
/** Queues are asked this often when nobody said a word: for tickets of other processes, retries and lost workers. */
const POLL_MS = { pglite: 2_000, postgres: 1_000 };
const BACKOFF_SECONDS = 2;
const PAUSE_MS = 1_000;

interface Running {
  readonly run: Run;
  readonly stop: AbortController;
  fraction: number | null;
}

/**
 * Fetches tickets, runs their stages, keeps their leases alive and writes their outcomes. `drain` takes no new work,
 * gives what runs `graceMs` to end, then hands it back: another worker, or this one after a restart, does it again.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #clock: Clock;
  readonly #running = new Map<string, Running>();
  readonly #stopping = new AbortController();
  readonly #handBack = new AbortController();
  readonly #loops: Promise<void>[];
  readonly #watching: Promise<void>;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#loops = Object.entries(options.runners).map(([queue, runner]) => this.#serve(queue, runner));
    this.#watching = this.#watch();
  }

  get busy(): number {
    return this.#running.size;
  }

  async drain(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const over = this.#clock.sleep(graceMs, this.#handBack.signal).then(
      () => this.#handBack.abort(),
      () => undefined,
    );
    await Promise.all(this.#loops);
    this.#handBack.abort();
    await Promise.all([this.#watching, over]);
  }

  /** Fetches and runs the tickets of one queue until the worker drains; resolves when the last of them has ended. */
  async #serve(queue: string, { slots, run }: StageRunner): Promise<void> {
    const { jobs, onError } = this.#options;
    const inHand = new Set<Promise<void>>();
    let wake = Promise.withResolvers<void>();
    const off = jobs.onQueue(queue, () => wake.resolve());
    while (!this.#stopping.signal.aborted) {
      if (inHand.size >= slots) {
        await Promise.race(inHand);
        continue;
      }
      wake = Promise.withResolvers<void>();
      const runs = await this.#fetch(queue, slots - inHand.size).catch((error: unknown) => {
        onError(toEarshotError(error));
        return [];
      });
      for (const one of runs) {
        const work = this.#work(one, run);
        inHand.add(work);
        void work.finally(() => inHand.delete(work));
      }
      if (runs.length === 0)
        await Promise.race([
          wake.promise,
          this.#pause(POLL_MS[jobs.db.kind]),
          ...(inHand.size > 0 ? inHand : []),
        ]);
    }
    off();
    await Promise.all(inHand);
  }

  async #fetch(queue: string, count: number): Promise<Run[]> {
    const { jobs } = this.#options;
    const leases = await jobs.tickets.fetch(queue, count);
    return leases.length === 0 ? [] : begin(jobs.db, jobs.tickets, leases);
  }

  async #work(run: Run, runStage: RunStage): Promise<void> {
    const { jobs } = this.#options;
    const stop = new AbortController();
    const running: Running = { run, stop, fraction: null };
    this.#running.set(run.lease.id, running);
    jobs.tellProgress(run.job.id);
    try {
      const signal = AbortSignal.any([stop.signal, this.#handBack.signal]);
      const task = { signal, onProgress: (fraction: number) => (running.fraction = fraction) };
      const outcome = await this.#outcome(run, runStage, task, stop.signal);
      if (outcome !== null) await this.#write(run, outcome, stop.signal);
    } finally {
      this.#running.delete(run.lease.id);
    }
  }

  /** null: the lease is lost, there is nothing to say. */
  async #outcome(run: Run, runStage: RunStage, task: StageTask, lost: AbortSignal): Promise<Outcome | null> {
    const { stage } = run;
    if (stage.lost >= MAX_LOST)
      return failed('worker_lost', `the stage ${stage.name} took its worker down ${stage.lost} times`);
    try {
      return await runStage(run, task);
    } catch (thrown) {
      if (lost.aborted) return null;
      if (this.#handBack.signal.aborted) return { as: 'again', delay: 0, counts: false, error: null };
      const error = toEarshotError(thrown);
      this.#options.onError(error);
      const { code, message } = error;
      if (!error.kind.retryable || stage.tries + 1 >= MAX_TRIES) return failed(code, message);
      const delay = error.retryAfterSeconds ?? BACKOFF_SECONDS * 2 ** stage.tries;
      return { as: 'again', delay, counts: true, error: { code, message } };
    }
  }

  /** Work that is done is not thrown away because the database is away for a while. */
  async #write(run: Run, outcome: Outcome, lost: AbortSignal): Promise<void> {
    const { jobs, onError } = this.#options;
    for (let tried = 1; !lost.aborted; tried++) {
      try {
        await jobs.settle({ run, outcome });
        return;
      } catch (error) {
        onError(toEarshotError(error));
        if (toEarshotError(error).code !== 'database_unavailable' && tried >= MAX_TRIES) return;
        await this.#clock.sleep(PAUSE_MS, this.#handBack.signal).catch(() => undefined);
        if (this.#handBack.signal.aborted) return; // its lease runs out, then another does it
      }
    }
  }

  /** Keeps leases alive, stops what has lost its own, passes progress on. */
  async #watch(): Promise<void> {
    const { jobs, onError } = this.#options;
    let beat = this.#clock.now();
    while (!this.#handBack.signal.aborted) {
      await this.#clock.sleep(WATCH_MS, this.#handBack.signal).catch(() => undefined);
      const all = [...this.#running.values()];
      if (all.length === 0) continue;
      try {
        const live = await jobs.db.query<{ ticket: string }>(LIVE, [all.map(({ run }) => run.lease.id)]);
        const held = new Set(live.map(({ ticket }) => ticket));
        for (const { run, stop } of all) if (!held.has(run.lease.id)) stop.abort(lostLease());
        if (this.#clock.now() - beat >= HEARTBEAT_MS) {
          await jobs.tickets.heartbeat(
            all.filter(({ run }) => held.has(run.lease.id)).map(({ run }) => run.lease),
          );
          beat = this.#clock.now();
        }
        for (const { run, fraction } of all) {
          if (fraction === null) continue;
          const within = { name: run.stage.name, fraction };
          await jobs.db.transaction((tx) => announce(tx, jobs.kinds, [run.job.id], within));
          jobs.tellProgress(run.job.id);
        }
      } catch (error) {
        onError(toEarshotError(error));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return this.#clock.sleep(ms, this.#stopping.signal).catch(() => undefined);
  }
}

const failed = (code: string, message: string): Outcome => ({
  as: 'failed',
  error: { code, message } satisfies JobFailure,
});

const lostLease = (): EarshotError =>
  new EarshotError('cancelled', 'the stage was cancelled or given to another worker');

const LIVE = `SELECT ticket FROM earshot.stage WHERE ticket = ANY($1::uuid[]) AND state = 'running'`;
