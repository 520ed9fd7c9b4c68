import { EarshotError } from '../../errors.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import type { Caller } from './caller.ts';
import { retryAfterOf, TokenBuckets } from './token-buckets.ts';

/** Counts the requests of callers. */
export interface RateLimit {
  /** Counts a request. Throws `rate_limited`, with the seconds until the next may come, when it is one too many. */
  take(caller: Caller): void;
}

/**
 * Limits each caller to its own rate: a minute's worth of requests may come at once, after that as many as the rate lets
 * in. Our own rather than @fastify/rate-limit: that counts in fixed windows (twice the rate passes around the edge of
 * two, and whoever used one up waits for its whole end), reads the time itself, and answers in its own shape.
 */
export function rateLimit(clock: Clock = systemClock): RateLimit {
  const buckets = new TokenBuckets(clock);
  return {
    take({ id, ratePerMinute }) {
      const wait = ratePerMinute === null ? null : buckets.take(id, ratePerMinute);
      if (wait === null) return;
      const retryAfterSeconds = retryAfterOf(wait);
      throw new EarshotError(
        'rate_limited',
        `the key may send ${ratePerMinute} requests a minute; the next can come in ${retryAfterSeconds} s`,
        { retryAfterSeconds },
      );
    },
  };
}
