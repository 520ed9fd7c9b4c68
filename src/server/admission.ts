import { EarshotError } from '../errors.ts';

/** How many requests are let in, and how many of them work at once. */
export interface Admission {
  /** Lets a request in. Throws `overloaded` or `draining`. */
  enter(): Visit;
  readonly counts: { readonly uploading: number; readonly queued: number; readonly processing: number };
  readonly isDraining: boolean;
  /** From now on `enter` throws `draining`; resolves when the last visit has ended. */
  drain(): Promise<void>;
}

/** One request inside. Its phases are upload, queue, work; `leave` ends it and may be called again. */
export interface Visit {
  /** Waits for its turn, in order of asking, then does the work. Rejects with the abort reason when `signal` aborts first. */
  work<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T>;
  leave(): void;
}

/** At most `concurrent` requests work at once and `waiting` more are inside. */
export function admission({ concurrent, waiting }: { concurrent: number; waiting: number }): Admission {
  let inside = 0;
  let processing = 0;
  const queue: (() => void)[] = [];
  let isDraining = false;
  const empty = Promise.withResolvers<void>();

  async function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (processing < concurrent) {
      processing++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        queue.splice(queue.indexOf(go), 1);
        reject(signal.reason as Error);
      };
      const go = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      queue.push(go);
    });
  }

  /** Hands the place on, or frees it. */
  function done(): void {
    const next = queue.shift();
    if (next) next();
    else processing--;
  }

  return {
    get counts() {
      return { uploading: inside - processing - queue.length, queued: queue.length, processing };
    },
    get isDraining() {
      return isDraining;
    },
    enter() {
      if (isDraining) throw new EarshotError('draining', 'the server is shutting down');
      if (inside >= concurrent + waiting)
        throw new EarshotError(
          'overloaded',
          `${inside} requests are at hand, more than that would only wait`,
        );
      inside++;
      let left = false;
      return {
        async work(signal, run) {
          await turn(signal);
          try {
            return await run();
          } finally {
            done();
          }
        },
        leave() {
          if (left) return;
          left = true;
          inside--;
          if (inside === 0 && isDraining) empty.resolve();
        },
      };
    },
    drain() {
      isDraining = true;
      if (inside === 0) empty.resolve();
      return empty.promise;
    },
  };
}
