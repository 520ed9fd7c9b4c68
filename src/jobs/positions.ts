import { batched } from '../util/batched.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import type { Queryable } from './database.ts';
import type { Job } from './job.ts';

/** Jobs are counted up to here; beyond it "how many are before me" is not worth a scan. */
const MOST = 1000;
/** Milliseconds that a look at the queue answers for: what other processes do to it shows after that. */
const FRESH_MS = 250;

/** The first of the queue, as it was. */
interface Head {
  readonly places: ReadonlyMap<string, number>;
  readonly isWhole: boolean;
  readonly at: number;
}

/** Where jobs stand in the queue: all who ask within a moment are answered from one look at its first thousand. */
export class Positions {
  readonly #db: Queryable;
  readonly #clock: Clock;
  readonly #ask: (job: Job) => Promise<number | null>;
  #head: Head | null = null;
  /** Counts what has happened to the queue: a look that it overtook is not kept. */
  #version = 0;

  constructor(db: Queryable, clock: Clock = systemClock) {
    this.#db = db;
    this.#clock = clock;
    this.#ask = batched((jobs) => this.#answer(jobs), Infinity);
  }

  /** How many jobs are to be begun before this one: 0 for the next; null when it is not queued or a thousand are before it. */
  of(job: Job): Promise<number | null> {
    return job.status === 'queued' ? this.#ask(job) : Promise.resolve(null);
  }

  /** A job has left the queue or come back to it. */
  changed(): void {
    this.#version++;
    this.#head = null;
  }

  /** A job has come; of a long queue, it shows a moment later where it stands. */
  added(): void {
    if (this.#head === null || this.#head.isWhole) this.changed();
  }

  async #answer(jobs: readonly Job[]): Promise<(number | null)[]> {
    const known = this.#head;
    const isFresh = known !== null && Math.abs(this.#clock.now() - known.at) <= FRESH_MS;
    const isEnough = isFresh && !(known.isWhole && jobs.some(({ id }) => !known.places.has(id)));
    const { places } = isEnough ? known : await this.#look();
    return jobs.map(({ id }) => places.get(id) ?? null);
  }

  async #look(): Promise<Head> {
    const [at, version] = [this.#clock.now(), this.#version];
    const [row] = await this.#db.query<{ ids: string | null }>(HEAD, [MOST]);
    const ids = row?.ids?.split(',') ?? [];
    const head = { places: new Map(ids.map((id, place) => [id, place])), isWhole: ids.length < MOST, at };
    if (version === this.#version) this.#head = head;
    return head;
  }
}

const HEAD = `
SELECT string_agg(head.id::text, ',') AS ids FROM (
  SELECT id FROM earshot.job WHERE status = 'queued' ORDER BY rank DESC, seq LIMIT $1
) AS head`;
