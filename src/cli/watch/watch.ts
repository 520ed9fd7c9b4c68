import type { JobSettings } from '../../client/jobs.ts';
import { type EarshotError, toEarshotError } from '../../errors.ts';
import type { Transcript } from '../../transcript/schema.ts';
import type { Clock } from '../../util/clock.ts';
import { isWhole } from '../outputs.ts';
import { finishItem, ItemFailure, newEntry, retried, type ItemTools } from './item.ts';
import { Lanes } from './lanes.ts';
import { ResultNames } from './names.ts';
import type { Seen } from './place.ts';
import { Settling } from './settling.ts';
import type { Entry } from './state.ts';

export interface WatchOptions extends Omit<ItemTools, 'onProgress'> {
  readonly clock: Clock;
  readonly pollMs: number;
  readonly settleMs: number;
  readonly parallel: number;
  /** What new jobs are asked for. */
  readonly settings: JobSettings;
  /** Do what is there and end. */
  readonly once: boolean;
  readonly retryFailed: boolean;
  readonly onDone: (entry: Entry, transcript: Transcript) => Promise<void>;
  /** Recorded as failed, or (`willRetry`) tried again at the next look. */
  readonly onFailed: (entry: Entry, error: EarshotError, willRetry: boolean) => Promise<void>;
  readonly onProgress: (name: string, fraction: number) => void;
}

/**
 * Looks again and again, and takes each recording of each generation once. Resolves when `once` is done, with the number
 * that failed or lack a part; rejects with the signal's reason, and with what is the matter with all of them (the key, the
 * state file).
 */
export async function watch(options: WatchOptions): Promise<number> {
  const { clock, once, place, settleMs, pollMs } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const lanes = new Lanes(options.parallel);
  const round = new Round({ ...options, signal }, lanes, (error) => stop.abort(error));
  const settling = new Settling(place.isGradual ? settleMs : 0, clock);
  try {
    let seen = settling.settled(await place.look());
    if (once && place.isGradual && settleMs > 0) {
      await clock.sleep(settleMs, signal);
      seen = settling.settled(await place.look());
    }
    for (;;) {
      round.take(seen);
      if (once) {
        await lanes.idle();
        signal.throwIfAborted();
        return round.failed;
      }
      await clock.sleep(pollMs, signal);
      seen = settling.settled(await place.look());
    }
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await lanes.idle();
  }
}

/** Decides what is to be done, and does it. */
class Round {
  failed = 0;
  readonly #options: WatchOptions;
  readonly #lanes: Lanes;
  readonly #names: ResultNames;
  readonly #end: (error: unknown) => void;
  /** Failed ones that this run has tried again. */
  readonly #retried = new Set<string>();

  constructor(options: WatchOptions, lanes: Lanes, end: (error: unknown) => void) {
    this.#options = options;
    this.#lanes = lanes;
    this.#names = new ResultNames(options.state.all());
    this.#end = end;
  }

  take(seen: readonly Seen[]): void {
    const { state } = this.#options;
    const here = new Map(seen.map((each) => [each.name, each]));
    // A job that was handed in is finished, whatever became of its recording.
    for (const entry of state.all())
      if (entry.status === 'waiting' || entry.status === 'saving') this.#add(entry.name, () => entry);
    for (const each of here.values()) {
      const entry = state.get(each.name);
      if (entry?.generation !== each.generation) this.#add(each.name, () => this.#anew(each, entry));
      else if (entry.status === 'sending') this.#add(each.name, () => entry);
      else if (entry.status === 'failed' && this.#options.retryFailed) this.#retry(entry, each);
    }
  }

  #retry(entry: Entry, seen: Seen): void {
    if (this.#retried.has(entry.name) || this.#lanes.has(entry.name)) return;
    this.#add(entry.name, async () => {
      const again = await retried(entry, this.#tools(entry.name));
      this.#retried.add(entry.name);
      if (again === null) return this.#anew(seen, entry);
      await this.#options.state.put(again);
      return again;
    });
  }

  async #anew(seen: Seen, before: Entry | undefined): Promise<Entry> {
    const { settings, state } = this.#options;
    const made = newEntry(seen, before?.base ?? this.#names.take(seen.name), settings, before);
    const entry = { ...made, at: new Date().toISOString() };
    await state.put(entry);
    return entry;
  }

  #add(name: string, begin: () => Entry | Promise<Entry>): void {
    if (this.#lanes.has(name)) return;
    this.#lanes.add(name, () => this.#work(name, begin).catch((error: unknown) => this.#end(error)));
  }

  /** Rejects with what ends the watch. */
  async #work(name: string, begin: () => Entry | Promise<Entry>): Promise<void> {
    const { signal, onDone, onFailed, state, once } = this.#options;
    if (signal.aborted) return;
    try {
      const { entry, transcript } = await finishItem(await begin(), this.#tools(name));
      if (!isWhole(transcript)) this.failed++;
      await onDone(entry, transcript);
    } catch (caught) {
      if (signal.aborted) return;
      const error = caught instanceof ItemFailure ? caught.error : toEarshotError(caught);
      const entry = state.get(name);
      if (endsAll(error, once) || entry === undefined) throw error;
      this.failed++;
      const willRetry = !(caught instanceof ItemFailure) && error.kind.retryable;
      const { code, message } = error;
      const failed: Entry = {
        ...entry,
        status: 'failed',
        error: { code, message },
        at: new Date().toISOString(),
      };
      if (!willRetry) await state.put(failed);
      await onFailed(entry, error, willRetry);
    }
  }

  #tools(name: string): ItemTools {
    return { ...this.#options, onProgress: (fraction) => this.#options.onProgress(name, fraction) };
  }
}

/** What no other recording would fare better with. A server that is away comes back, for who waits. */
function endsAll({ code }: EarshotError, once: boolean): boolean {
  return code === 'unauthorized' || code === 'forbidden' || (once && code === 'server_unreachable');
}
