import type { Clock } from '../../../src/util/clock.ts';

/** A clock that stands still until it is moved. */
export interface HandClock extends Clock {
  /** Moves it by so many seconds. */
  forward(seconds: number): void;
}

export function handClock(start = Date.UTC(2026, 0, 1)): HandClock {
  let now = start;
  return {
    now: () => now,
    sleep: () => Promise.reject(new Error('nothing here should wait')),
    forward: (seconds) => {
      now += seconds * 1000;
    },
  };
}
