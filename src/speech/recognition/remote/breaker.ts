/** When a worker may be given a chunk. Times are milliseconds of the caller's clock. */
export interface Breaker {
  /**
   * closed: in service (it may still be resting) · open: out of service until `availableAt` · half_open: one chunk may
   * try whether it is back · dead: never again.
   */
  state(now: number): 'closed' | 'open' | 'half_open' | 'dead';
  /** When the next chunk may go there at the earliest; Infinity when dead. */
  availableAt(): number;
  /** It answered as it should: back in service, the count of failures starts again. */
  answered(): void;
  /** It failed: it rests, longer each time, and after some failures in a row it is out of service. True when that has just begun. */
  failed(now: number, pauseMs: number | null): boolean;
  /** It asked for a pause; null: it did not say how long. */
  rest(now: number, pauseMs: number | null): void;
  /** It refuses our credentials. */
  kill(): void;
}

export interface BreakerSettings {
  /** Failures in a row that take a worker out of service. */
  readonly threshold: number;
  /** The rest after the first failure; it doubles with each further one, up to `maxMs`. */
  readonly baseMs: number;
  readonly maxMs: number;
}

export const BREAKER_SETTINGS: BreakerSettings = { threshold: 3, baseMs: 500, maxMs: 30_000 };

/** A circuit breaker with exponential backoff. `random` gives [0, 1) and spreads the rests over their upper half. */
export function breaker(settings: BreakerSettings, random: () => number): Breaker {
  let failures = 0;
  let pauses = 0;
  let outUntil = 0;
  let restUntil = 0;
  let dead = false;
  const backoff = (count: number): number =>
    Math.min(settings.maxMs, settings.baseMs * 2 ** Math.min(count - 1, 30)) * (0.5 + random() / 2);
  return {
    state(now) {
      if (dead) return 'dead';
      if (failures < settings.threshold) return 'closed';
      return now < outUntil ? 'open' : 'half_open';
    },
    availableAt: () => (dead ? Infinity : Math.max(outUntil, restUntil)),
    answered() {
      failures = pauses = outUntil = 0; // a pause that it asked for still holds
    },
    failed(now, pauseMs) {
      failures++;
      outUntil = Math.max(outUntil, now + Math.max(pauseMs ?? 0, backoff(failures)));
      return failures === settings.threshold;
    },
    rest(now, pauseMs) {
      pauses++;
      restUntil = Math.max(restUntil, now + (pauseMs ?? backoff(pauses)));
    },
    kill() {
      dead = true;
    },
  };
}
