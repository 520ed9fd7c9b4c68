import type { Clock } from '../../util/clock.ts';
import { BoundedMap } from './bounded-map.ts';

interface Bucket {
  /** Tokens that were left at `at`, with the fraction of the one that is coming. */
  readonly tokens: number;
  readonly at: number;
}

const MINUTE_MS = 60_000;
/** Sums of fractions miss a whole token by less than this. */
const ROUNDING = 1e-6;

/**
 * Token buckets, one an id: `perMinute` tokens fit in, it starts full and fills evenly. An id that is not there has a
 * full one, so the least used ids can be forgotten.
 */
export class TokenBuckets {
  readonly #clock: Clock;
  readonly #buckets: BoundedMap<Bucket>;

  constructor(clock: Clock, mostIds = 10_000) {
    this.#clock = clock;
    this.#buckets = new BoundedMap(mostIds);
  }

  /** Takes a token. Returns null, or, where none is left, the milliseconds until there is one. */
  take(id: string, perMinute: number): number | null {
    const { tokens, at } = this.#look(id, perMinute);
    const wait = waitFor(tokens, perMinute);
    if (wait === null) this.#buckets.set(id, { tokens: tokens - 1, at });
    return wait;
  }

  /** What `take` would return, without taking. */
  wait(id: string, perMinute: number): number | null {
    return waitFor(this.#look(id, perMinute).tokens, perMinute);
  }

  #look(id: string, perMinute: number): Bucket {
    const now = this.#clock.now();
    const before = this.#buckets.get(id);
    if (before === undefined) return { tokens: perMinute, at: now };
    // A clock that was set back (or a rate that was lowered) must keep nobody out for longer than a token takes to come.
    if (now < before.at) this.#buckets.set(id, { ...before, at: now });
    const filled = (Math.max(0, now - before.at) * perMinute) / MINUTE_MS;
    return { tokens: Math.min(perMinute, before.tokens + filled), at: now };
  }
}

const waitFor = (tokens: number, perMinute: number): number | null =>
  tokens >= 1 - ROUNDING ? null : ((1 - tokens) * MINUTE_MS) / perMinute;

/** Milliseconds to wait as whole seconds for Retry-After: none too few, and none too many for a rounding error. */
export function retryAfterOf(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000 - ROUNDING));
}
