import { PgBoss } from 'pg-boss';
import { toEarshotError, type EarshotError } from '../errors.ts';
import { timeUuid } from '../util/time-uuid.ts';
import { forQueue, type Database, type Queryable } from './database.ts';

/**
 * A ticket stands in a queue for one stage (or delivery) and carries its lease: who fetched it holds the attempt, and
 * only that attempt can settle it.
 */
export interface Ticket {
  readonly id: string;
  /** Id of the row it stands for. */
  readonly of: string;
  /** Tickets with a higher rank are fetched first, older ones first among equals. */
  readonly rank: number;
  /** Seconds from now before which it is not fetched. */
  readonly delay?: number;
  /** A fetch can leave out all tickets of a group. */
  readonly group?: string;
}

/** The attempt at a job of pg-boss that a worker holds. */
interface JobAttempt {
  readonly id: string;
  readonly retryCount: number;
}

/** A fetched ticket. */
export interface Lease extends JobAttempt {
  readonly queue: string;
  readonly of: string;
}

/** Seconds without a heartbeat after which a worker is taken for lost; pg-boss allows no less than 10. */
const HEARTBEAT_SECONDS = 15;
/** How often lost workers are looked for. */
const SUPERVISE_SECONDS = 5;
const DAY = 86_400;

/** The queues, on pg-boss: it keeps order, leases and heartbeats; what a ticket stands for is not its business. */
export class Tickets {
  readonly #db: Database;
  readonly #boss: PgBoss;
  /** When tickets with a delay are due, by queue, on the clock of performance.now(). */
  readonly #due = new Map<string, number[]>();

  constructor(db: Database, onError: (error: EarshotError) => void) {
    this.#db = db;
    this.#boss = new PgBoss({
      db: forBoss(db),
      backend: db.kind,
      schema: 'earshot_queue',
      schedule: false,
      superviseIntervalSeconds: SUPERVISE_SECONDS,
      monitorIntervalSeconds: SUPERVISE_SECONDS,
      maintenanceIntervalSeconds: 600,
    });
    this.#boss.on('error', (error) => onError(toEarshotError(error)));
  }

  async start(queues: readonly string[]): Promise<void> {
    await this.#boss.start();
    const settings = {
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: DAY - 1, // the longest that pg-boss allows; stages have deadlines of their own
      retryLimit: 1_000, // states.ts decides when to give up
      retryDelay: 0,
      retentionSeconds: 3_650 * DAY, // a job that waits is never thrown away
      deleteAfterSeconds: 600,
    };
    const known = new Set((await this.#boss.getQueues()).map((queue) => queue.name));
    for (const queue of queues)
      if (known.has(queue)) await this.#boss.updateQueue(queue, settings);
      else await this.#boss.createQueue(queue, settings);
    // The looks for lost workers are wanted, the count of all tickets that pg-boss does beside each is not: nobody reads
    // it, and with a long queue it keeps the database busy.
    await this.#db.query(`UPDATE earshot_queue.version SET monitor_backoff_on = 'infinity'`);
    // pg-boss looks a queue up at its first use; within a transaction of an embedded database it would wait for itself.
    for (const queue of queues) await this.#boss.findJobs(queue, { id: timeUuid() });
  }

  /** Adds tickets within a transaction. */
  async add(tx: Queryable, queue: string, tickets: readonly Ticket[]): Promise<void> {
    if (tickets.length === 0) return;
    const rows = tickets.map(({ id, of, rank, delay, group }) => ({
      id,
      data: { of },
      priority: rank,
      ...(delay === undefined ? {} : { startAfter: delay }),
      ...(group === undefined ? {} : { group: { id: group } }),
    }));
    await this.#boss.insert(queue, rows, { db: forQueue(tx), returnId: false });
    const now = performance.now();
    const due = this.#due.get(queue) ?? [];
    for (const { delay = 0 } of tickets) if (delay > 0) due.push(now + delay * 1000);
    this.#due.set(queue, due);
  }

  /** Takes up to `count` tickets, but none of the groups `but`, each leased to the caller until it falls silent. */
  async fetch(queue: string, count: number, but: readonly string[] = []): Promise<Lease[]> {
    const jobs = await this.#boss.fetch<{ of: string }>(queue, { batchSize: count, ignoreGroups: [...but] });
    return jobs.map(({ id, retryCount, data }) => ({ id, retryCount, queue, of: data.of }));
  }

  /**
   * Milliseconds until a ticket that this process added with a delay may be fetched; `most` when that is longer, or there
   * is none. Those of other processes are found by whoever asks every now and then.
   */
  untilNext(queue: string, most: number): number {
    const now = performance.now();
    const due = (this.#due.get(queue) ?? []).filter((at) => at > now);
    this.#due.set(queue, due);
    return due.reduce((least, at) => Math.min(least, at - now), most);
  }

  /** Ends the tickets within a transaction; those leases that were still live. */
  async settle(tx: Queryable, leases: readonly Lease[]): Promise<Set<Lease>> {
    const settled = new Set<Lease>();
    for (const [queue, held] of Map.groupBy(latest(leases), (lease) => lease.queue)) {
      // The types of pg-boss leave out what its answer holds.
      const answer = (await this.#boss.complete(queue, held.map(attempt), null, { db: forQueue(tx) })) as {
        settled: string[];
      };
      for (const lease of held) if (answer.settled.includes(lease.id)) settled.add(lease);
    }
    return settled;
  }

  /** Takes tickets away, whoever holds them, within a transaction. */
  async withdraw(tx: Queryable, queue: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#boss.deleteJob(queue, [...ids], { db: forQueue(tx) });
  }

  /** Says that the holder is alive; those leases that are live. */
  async heartbeat(leases: readonly Lease[]): Promise<Set<Lease>> {
    const live = new Set<Lease>();
    for (const [queue, held] of Map.groupBy(latest(leases), (lease) => lease.queue)) {
      const answer = (await this.#boss.touch(queue, held.map(attempt))) as { settled: string[] };
      for (const lease of held) if (answer.settled.includes(lease.id)) live.add(lease);
    }
    return live;
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: false, close: false });
  }
}

/** A new ticket for a row. */
export function ticketFor(of: string, rank: number, delay?: number): Ticket {
  return { id: timeUuid(), of, rank, ...(delay === undefined ? {} : { delay }) };
}

/** Of several attempts at one ticket only the last can be live. */
function latest(leases: readonly Lease[]): Lease[] {
  const last = new Map<string, Lease>();
  for (const lease of leases)
    if (lease.retryCount >= (last.get(lease.id)?.retryCount ?? 0)) last.set(lease.id, lease);
  return [...last.values()];
}

const attempt = ({ id, retryCount }: Lease): JobAttempt => ({ id, retryCount });

/** Statements without parameters may be several at once, such as pg-boss's own schema. */
function forBoss(db: Database): ReturnType<typeof forQueue> {
  const single = forQueue(db);
  return {
    executeSql: async (text, values) => {
      if (values?.length) return single.executeSql(text, values);
      return { rows: await db.exec(text) };
    },
  };
}
