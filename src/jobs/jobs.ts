import { EventEmitter } from 'node:events';
import { EarshotError } from '../errors.ts';
import { batched } from '../util/batched.ts';
import { cancel, reclaimAll, redeliver, remove, retry } from './control.ts';
import type { Database } from './database.ts';
import { WEBHOOK_QUEUE } from './ending.ts';
import type { Happening } from './happenings.ts';
import type { Job } from './job.ts';
import type { JobKind } from './kinds.ts';
import { migrate } from './migrations.ts';
import { Positions } from './positions.ts';
import { queueStateOf, type QueueState } from './queue-state.ts';
import { NO_QUOTA, usageOf, type Quota, type Usage } from './quota.ts';
import * as read from './read.ts';
import { settleAll, type Settled, type Settlement } from './settle.ts';
import { submitAll, type NewJob, type Submission } from './submit.ts';
import { existing, mend, removeExpired } from './sweep.ts';
import { Tickets } from './tickets.ts';

/** Requests that are written in one transaction at most. */
const GROUP = 64;

/**
 * All jobs of a database. What a call has resolved with is durable. Every method rejects with `database_unavailable`
 * while the database is away.
 */
export class Jobs {
  readonly db: Database;
  readonly tickets: Tickets;
  readonly kinds: ReadonlyMap<string, JobKind>;
  /** Listeners get a word after the fact and in this process only; whoever must not miss a thing asks again, too. */
  readonly #news = new EventEmitter().setMaxListeners(0);
  readonly #submit: (job: NewJob) => Promise<Submission | EarshotError>;
  readonly #settle: (item: Settlement) => Promise<Settled>;
  readonly #get: (id: string) => Promise<Job | null>;
  readonly #positions: Positions;

  private constructor(db: Database, tickets: Tickets, kinds: readonly JobKind[]) {
    this.db = db;
    this.tickets = tickets;
    this.kinds = new Map(kinds.map((kind) => [kind.name, kind]));
    this.#submit = batched((items) => submitAll(db, tickets, items), GROUP);
    this.#get = batched((ids) => read.getJobs(db, ids), GROUP);
    this.#positions = new Positions(db);
    this.#settle = batched((items) => settleAll(db, tickets, this.kinds, items), GROUP);
  }

  /** Brings the database to this version and takes back what an earlier process was at when it died. */
  static async open(
    db: Database,
    kinds: readonly JobKind[],
    onError: (error: EarshotError) => void,
  ): Promise<Jobs> {
    await migrate(db);
    const tickets = new Tickets(db, onError);
    await tickets.start([...new Set(kinds.flatMap(({ stages }) => stages)), WEBHOOK_QUEUE]);
    if (db.kind === 'pglite') await reclaimAll(db, tickets);
    return new Jobs(db, tickets, kinds);
  }

  /** Accepts a job (I1). Rejects with `idempotency_mismatch`, `quota_exceeded` or `storage_full`. */
  async submit(job: NewJob): Promise<Submission> {
    const answer = await this.#submit(job);
    if (answer instanceof EarshotError) throw answer;
    if (answer.isNew) {
      this.#positions.added(answer.job);
      this.#tell(job.id, [job.first]);
      this.happened({ what: 'accepted', job: answer.job });
    }
    return answer;
  }

  /** Writes how a stage's run ended; see settleAll. */
  async settle(item: Settlement): Promise<Settled> {
    const settled = await this.#settle(item);
    this.#moved(item.run.job.id, [...settled.queues, ...(settled.ended.length > 0 ? [WEBHOOK_QUEUE] : [])]);
    if (settled.isKept) this.happened({ what: 'settled', ...item });
    return settled;
  }

  /** Cancels what has not ended; workers stop within seconds. null: there is no such job. */
  async cancel(id: string): Promise<{ job: Job; stopped: boolean } | null> {
    const answer = await cancel(this.db, this.tickets, id);
    if (answer?.stopped) {
      this.#moved(id, [WEBHOOK_QUEUE]);
      this.happened({ what: 'cancelled', job: answer.job });
    }
    return answer;
  }

  /** See retry in control.ts. */
  async retry(id: string, quota: Quota = NO_QUOTA): Promise<Job | null> {
    const answer = await retry(this.db, this.tickets, id, quota);
    if (answer) {
      this.#moved(id, answer.queues);
      this.happened({ what: 'retried', job: answer.job });
    }
    return answer?.job ?? null;
  }

  /** Deletes a job that has ended; false: there is none such. Its files are the caller's to delete. */
  remove(id: string): Promise<boolean> {
    return remove(this.db, id);
  }

  /** Sends the webhook of an ended job again; false: there is none. */
  async redeliver(id: string): Promise<boolean> {
    const isOrdered = await redeliver(this.db, this.tickets, id);
    if (isOrdered) this.#tell(id, [WEBHOOK_QUEUE]);
    return isOrdered;
  }

  get(id: string): Promise<Job | null> {
    return this.#get(id);
  }
  /** See Positions. */
  position(job: Job): Promise<number | null> {
    return this.#positions.of(job);
  }
  list(filter: read.JobFilter): Promise<{ jobs: Job[]; next: string | null }> {
    return read.listJobs(this.db, filter);
  }
  stages(id: string): ReturnType<typeof read.stagesOf> {
    return read.stagesOf(this.db, id);
  }
  results(id: string, stage: string, from = 0): ReturnType<typeof read.resultsOf> {
    return read.resultsOf(this.db, id, stage, from);
  }
  events(id: string, after: number): Promise<read.JobEvent[]> {
    return read.eventsOf(this.db, id, after);
  }
  firstProgress(id: string, since: Date): ReturnType<typeof read.firstProgress> {
    return read.firstProgress(this.db, id, since);
  }
  counts(): Promise<read.Counts> {
    return read.countJobs(this.db);
  }
  queueState(): Promise<QueueState> {
    return queueStateOf(this.db);
  }
  usage(owner: string, quota: Quota): Promise<Usage> {
    return usageOf(this.db, owner, quota);
  }
  markFetched(id: string): Promise<void> {
    return read.markFetched(this.db, id);
  }
  /** Ids of jobs whose time was over; they are deleted, their files are the caller's. */
  removeExpired(): Promise<string[]> {
    return removeExpired(this.db);
  }
  /** Which of these ids are of jobs. */
  existing(ids: readonly string[]): Promise<Set<string>> {
    return existing(this.db, ids);
  }
  /** Mends what somebody else's hand broke in the database; how many stages and jobs. */
  mend(): Promise<number> {
    return mend(this.db, this.tickets);
  }

  /** Calls `listener` whenever something may have happened to the job; returns the way to stop that. */
  onJob(id: string, listener: () => void): () => void {
    this.#news.on(`job ${id}`, listener);
    return () => this.#news.off(`job ${id}`, listener);
  }
  /** The same for new tickets in a queue. */
  onQueue(queue: string, listener: () => void): () => void {
    this.#news.on(`queue ${queue}`, listener);
    return () => this.#news.off(`queue ${queue}`, listener);
  }
  /** The same for any job. */
  onAny(listener: (id: string) => void): () => void {
    this.#news.on('any', listener);
    return () => this.#news.off('any', listener);
  }
  /** Calls `listener` with what this process does to jobs, once it is durable. */
  onHappening(listener: (happening: Happening) => void): () => void {
    this.#news.on('happening', listener);
    return () => this.#news.off('happening', listener);
  }
  /** For those who write to the database beside this class. */
  happened(happening: Happening): void {
    this.#news.emit('happening', happening);
  }
  #tell(id: string, queues: readonly string[]): void {
    for (const queue of queues) this.#news.emit(`queue ${queue}`);
    this.#news.emit(`job ${id}`);
    this.#news.emit('any', id);
  }
  /** The same of a job that may have left its place in the queue. */
  #moved(id: string, queues: readonly string[]): void {
    this.#positions.changed();
    this.#tell(id, queues);
  }
  /** A stage was begun, or told of its progress. */
  tellProgress(id: string): void {
    this.#moved(id, []);
  }

  async close(): Promise<void> {
    await this.tickets.stop();
    await this.db.close();
  }
}
