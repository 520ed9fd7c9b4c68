import type { Lock, Locker } from '@tus/server';
import { EarshotError } from '../../errors.ts';

/** What a second request of an upload waits for the first to end; that one is asked to. */
const PATIENCE_MS = 10_000;

interface Held {
  readonly askForIt: () => unknown;
  readonly free: Promise<void>;
}

/**
 * One request at a time for each upload. Our own rather than the package's: that one asks the holder anew in every turn
 * of the event loop, and keeps a processor busy meanwhile.
 */
export class UploadLocks implements Locker {
  readonly #held = new Map<string, Held>();

  newLock(id: string): Lock {
    const free = Promise.withResolvers<void>();
    return {
      lock: async (signal, askForIt) => {
        const end = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
        for (let held = this.#held.get(id); held !== undefined; held = this.#held.get(id)) {
          await held.askForIt();
          await Promise.race([held.free, aborted(end)]);
          if (end.aborted) throw new EarshotError('locked', 'another request of this upload is not over yet');
        }
        this.#held.set(id, { askForIt, free: free.promise });
      },
      unlock: () => {
        this.#held.delete(id);
        free.resolve();
        return Promise.resolve();
      },
    };
  }

  /** Runs `work` while no request touches the upload. Rejects with `locked`. */
  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    const lock = this.newLock(id);
    await lock.lock(new AbortController().signal, () => undefined);
    try {
      return await work();
    } finally {
      await lock.unlock();
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
