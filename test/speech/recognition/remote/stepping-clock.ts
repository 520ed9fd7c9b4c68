import type { Clock } from '../../../../src/util/clock.ts';

/** A clock whose time jumps from one sleeper's end to the next as soon as nobody else has anything to do. */
export interface SteppingClock extends Clock {
  /** Lets time pass until `work` has ended; rejects when nobody sleeps and it has not. */
  runUntil(work: Promise<unknown>): Promise<void>;
}

export function steppingClock(): SteppingClock {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const onAbort = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason as Error);
        };
        const sleeper = {
          at: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
    async runUntil(work) {
      let done = false;
      const finish = (): void => void (done = true);
      work.then(finish, finish);
      for (;;) {
        await new Promise(setImmediate); // all promises that can go on have gone on
        if (done) return;
        const [next] = [...sleepers].sort((a, b) => a.at - b.at);
        if (next === undefined) throw new Error('nobody sleeps, and the work has not ended');
        now = next.at;
        next.wake();
      }
    },
  };
}
