import { EarshotError, toEarshotError } from '../errors.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { heldGroups, type Ahead } from './ahead.ts';
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
  /** Of a kind's first stage: when it is held back. */
  readonly ahead?: Ahead;
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
/** Queues are asked this often when nobody said a word and no delay ends sooner: for tickets of other processes, lost workers. */
const POLL_MS = { pglite: 2_000, postgres: 1_000 };
const BACKOFF_SECONDS = 2;
const PAUSE_MS = 1_000;
/** Times that an outcome is written when the database is there and refuses it. */
const WRITE_TRIES = 3;
/** Errors of a database that come and go by themselves. */
const PASSING: ReadonlySet<string> = new Set(['database_unavailable', 'disk_full']);

interface Running {
  readonly run: Run;
  readonly stop: AbortController;
  fraction: number | null;
  /** The fraction that was passed on last. */
  told: number | null;
}

/**
 * Fetches tickets, runs their stages, keeps their leases alive and writes their outcomes. `drain` takes no new work,
 * gives what runs `graceMs` to end, then hands it back: another worker, or this one after a restart, does it again.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #clock: Clock;
  readonly #running = new Set<Running>();
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
  async #serve(queue: string, { slots, run, ahead }: StageRunner): Promise<void> {
    const { jobs, onError } = this.#options;
    const inHand = new Set<Promise<void>>();
    let wake = Promise.withResolvers<void>();
    const off = jobs.onQueue(queue, () => wake.resolve());
    const offAhead = jobs.onHappening((it) => {
      if (it.what === 'begun' && ahead?.of.includes(it.run.stage.name)) wake.resolve();
    });
    while (!this.#stopping.signal.aborted) {
      if (inHand.size >= slots) {
        await Promise.race(inHand);
        continue;
      }
      wake = Promise.withResolvers<void>();
      const runs = await this.#fetch(queue, slots - inHand.size, ahead).catch((error: unknown) => {
        onError(toEarshotError(error));
        return [];
      });
      for (const one of runs) {
        const work = this.#work(one, run);
        inHand.add(work);
        void work.finally(() => inHand.delete(work));
      }
      if (runs.length === 0)
        await Promise.race([wake.promise, this.#pause(queue), ...(inHand.size > 0 ? inHand : [])]);
    }
    off();
    offAhead();
    await Promise.all(inHand);
  }

  async #fetch(queue: string, count: number, ahead: Ahead | undefined): Promise<Run[]> {
    const { jobs } = this.#options;
    const kinds = [...jobs.kinds.values()].filter(({ first }) => first === queue).map(({ name }) => name);
    const held = ahead ? await heldGroups(jobs.db, queue, kinds, ahead) : [];
    if (held === null) return [];
    const leases = await jobs.tickets.fetch(queue, count, held);
    return leases.length === 0 ? [] : begin(jobs.db, jobs.tickets, leases);
  }

  async #work(run: Run, runStage: RunStage): Promise<void> {
    const { jobs } = this.#options;
    const stop = new AbortController();
    const running: Running = { run, stop, fraction: null, told: null };
    this.#running.add(running);
    jobs.tellProgress(run.job.id);
    jobs.happened({ what: 'begun', run });
    try {
      const signal = AbortSignal.any([stop.signal, this.#handBack.signal]);
      const task = { signal, onProgress: (fraction: number) => (running.fraction = fraction) };
      const outcome = await this.#outcome(run, runStage, task, stop.signal);
      if (outcome !== null) await this.#write(run, outcome, stop.signal);
    } finally {
      this.#running.delete(running);
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
      if (lost.aborted || !(await this.#isHeld(run))) return null;
      if (this.#handBack.signal.aborted) return { as: 'again', delay: 0, counts: false, error: null };
      const error = toEarshotError(thrown);
      this.#options.onError(error);
      const { code, message } = error;
      if (!error.kind.retryable || stage.tries + 1 >= MAX_TRIES) return failed(code, message);
      const delay = error.retryAfterSeconds ?? BACKOFF_SECONDS * 2 ** stage.tries;
      return { as: 'again', delay, counts: true, error: { code, message } };
    }
  }

  /**
   * Work that is done is not thrown away because the database is away or its disk full for a while. An outcome that
   * cannot be written for another reason is a failure of the stage. What cannot be written at all is given up: without
   * heartbeats its lease runs out, and the stage is run again or ends as lost.
   */
  async #write(run: Run, outcome: Outcome, lost: AbortSignal): Promise<void> {
    const { jobs, onError } = this.#options;
    for (let tried = 1; !lost.aborted;) {
      try {
        await jobs.settle({ run, outcome });
        return;
      } catch (thrown) {
        const error = toEarshotError(thrown);
        onError(error);
        if (!PASSING.has(error.code) && tried++ >= WRITE_TRIES) {
          const { code, message } = error;
          return await jobs.settle({ run, outcome: failed(code, message) }).then(
            () => undefined,
            (failing: unknown) => onError(toEarshotError(failing)),
          );
        }
        await this.#clock.sleep(PAUSE_MS, this.#handBack.signal).catch(() => undefined);
        if (this.#handBack.signal.aborted) return; // its lease runs out, then another does it
      }
    }
  }

  async #watch(): Promise<void> {
    let beat = this.#clock.now();
    while (!this.#handBack.signal.aborted) {
      await this.#clock.sleep(WATCH_MS, this.#handBack.signal).catch(() => undefined);
      if (this.#running.size === 0) continue;
      const isDue = this.#clock.now() - beat >= HEARTBEAT_MS;
      try {
        await this.#look([...this.#running], isDue);
        if (isDue) beat = this.#clock.now();
      } catch (error) {
        this.#options.onError(toEarshotError(error));
      }
    }
  }

  /** Stops what has lost its lease, keeps the other leases alive, passes progress on. */
  async #look(all: readonly Running[], isHeartbeat: boolean): Promise<void> {
    const { jobs } = this.#options;
    const rows = await jobs.db.query<{ ticket: string }>(LIVE, [all.map(({ run }) => run.lease.id)]);
    const theirs = new Set(rows.map(({ ticket }) => ticket));
    let live = all.filter(({ run }) => theirs.has(run.lease.id));
    if (isHeartbeat && live.length > 0) {
      const held = await jobs.tickets.heartbeat(live.map(({ run }) => run.lease));
      live = live.filter(({ run }) => held.has(run.lease));
    }
    for (const running of all)
      if (!live.includes(running) && this.#running.has(running)) running.stop.abort(lostLease());
    for (const running of live) {
      const { run, fraction, told } = running;
      if (fraction === null || fraction === told) continue;
      const within = { name: run.stage.name, fraction };
      await jobs.db.transaction((tx) => announce(tx, jobs.kinds, [run.job.id], within));
      running.told = fraction;
      jobs.tellProgress(run.job.id);
    }
  }

  /** Work can fail because its job was cancelled and removed, before the next look says so: that is nobody's error. */
  async #isHeld({ lease }: Run): Promise<boolean> {
    const rows = await this.#options.jobs.db.query(LIVE, [[lease.id]]).catch(() => null);
    return rows === null || rows.length > 0; // what cannot be asked is held until the outcome is written
  }

  /** Until a stage's delay is over, or it is time to ask again. */
  #pause(queue: string): Promise<void> {
    const { db, tickets } = this.#options.jobs;
    const ms = tickets.untilNext(queue, POLL_MS[db.kind]);
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
