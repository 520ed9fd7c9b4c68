import { batched } from '../util/batched.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import type { Queryable } from './database.ts';
import type { Job } from './job.ts';

/** Jobs are counted up to here; beyond it "how many are before me" is not worth a scan. */
const MOST = 1000;
/** Milliseconds that a look at the queue answers for: what other processes do to it shows after that. */
const FRESH_MS = 250;

/** The first of the queue, in its order, as they were. */
interface Head {
  readonly jobs: Place[];
  /** Nobody stands behind them. */
  isWhole: boolean;
  readonly at: number;
}

type Place = Pick<Job, 'id' | 'rank'>;

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

  /** A job has come, the youngest of all: it stands behind those of its rank. */
  added({ id, rank }: Job): void {
    this.#version++;
    if (this.#head === null) return;
    const { jobs, isWhole } = this.#head;
    const place = firstOf(jobs, (other) => other.rank < rank);
    if (place < jobs.length || isWhole) jobs.splice(place, 0, { id, rank });
    if (jobs.length > MOST) {
      jobs.length = MOST;
      this.#head.isWhole = false;
    }
  }

  async #answer(asked: readonly Job[]): Promise<(number | null)[]> {
    const known = this.#head;
    const isFresh = known !== null && Math.abs(this.#clock.now() - known.at) <= FRESH_MS;
    const found = isFresh ? asked.map((job) => placeOf(job, known.jobs)) : [];
    if (isFresh && !(known.isWhole && found.includes(null))) return found;
    const { jobs, isWhole } = await this.#look();
    // Who is not in the whole queue has been begun since: nobody was before it.
    return asked.map((job) => placeOf(job, jobs) ?? (isWhole ? 0 : null));
  }

  async #look(): Promise<Head> {
    const [at, version] = [this.#clock.now(), this.#version];
    const [row] = await this.#db.query<{ head: string | null }>(HEAD, [MOST]);
    const jobs = (row?.head?.split(',') ?? []).map((each): Place => {
      const [id, rank] = each.split(' ') as [string, string];
      return { id, rank: Number(rank) };
    });
    const head = { jobs, isWhole: jobs.length < MOST, at };
    if (version === this.#version) this.#head = head;
    return head;
  }
}

function placeOf({ id, rank }: Job, jobs: readonly Place[]): number | null {
  for (let place = firstOf(jobs, (other) => other.rank <= rank); jobs[place]?.rank === rank; place++)
    if (jobs[place]?.id === id) return place;
  return null;
}

/** Index of the first job that `is` holds for, and for all behind it; their number when there is none. */
function firstOf(jobs: readonly Place[], is: (job: Place) => boolean): number {
  let [from, to] = [0, jobs.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (is(jobs[middle] as Place)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** As one text: a thousand rows would cost the embedded database more than finding them. */
const HEAD = `
SELECT string_agg(head.id || ' ' || head.rank, ',') AS head FROM (
  SELECT id, rank FROM earshot.job WHERE status = 'queued' ORDER BY rank DESC, seq LIMIT $1
) AS head`;
