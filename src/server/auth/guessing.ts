import { isIP } from 'node:net';
import { EarshotError } from '../../errors.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import { isMadeHere } from './api-key.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Caller } from './caller.ts';
import { retryAfterOf, TokenBuckets } from './token-buckets.ts';

/** Keeps whoever tries keys from trying many. */
export interface Guessing {
  /**
   * What the server may say to `key` from `address`, given whom it belongs to (null: to nobody): that caller, or throws
   * `unauthorized`, or `rate_limited` with the seconds to wait after too many wrong keys from there.
   *
   * A right key always passes from where it has passed before, and one of the server's own making from anywhere, since
   * it cannot be guessed: nobody is locked out by a guesser behind the same address. A text that somebody chose as the
   * single key can be guessed, so from an address that is guessing its first use waits like a wrong one, or the guesser
   * would still learn which one is right.
   */
  judge(address: string, key: string, caller: Caller | null): Caller;
}

/** Nobody mistypes a key more often by hand; at this rate a word list of 100,000 takes a week. */
const WRONG_PER_MINUTE = 10;
const MOST_ADDRESSES = 10_000;

export function guessing(
  options: { readonly wrongPerMinute?: number; readonly mostAddresses?: number; readonly clock?: Clock } = {},
): Guessing {
  const { wrongPerMinute = WRONG_PER_MINUTE, mostAddresses = MOST_ADDRESSES, clock = systemClock } = options;
  const wrong = new TokenBuckets(clock, mostAddresses);
  const proven = new BoundedMap<true>(mostAddresses);

  return {
    judge(address, key, caller) {
      const from = networkOf(address);
      if (caller !== null) {
        const proof = `${from} ${caller.id}`;
        if (isMadeHere(key) || proven.get(proof)) return caller;
        const wait = wrong.wait(from, wrongPerMinute);
        if (wait !== null) throw slowDown(wait);
        proven.set(proof, true);
        return caller;
      }
      const wait = wrong.take(from, wrongPerMinute);
      if (wait !== null) throw slowDown(wait);
      throw new EarshotError('unauthorized', 'the API key is wrong or has expired');
    },
  };
}

/**
 * What counts as one sender: an IPv4 address, also when it comes wrapped in IPv6, or the /64 network of an IPv6 address,
 * since that is the least that one customer is given (RFC 6177) and its last 64 bits cost nothing to change.
 */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '');
  if (isIP(bare) !== 6) return bare;
  // URL writes every form of an address in one way (RFC 5952), a wrapped IPv4 address as two groups.
  const [head = '', tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return groups.slice(6).flatMap(bytesOf).join('.');
  return `${groups.slice(0, 4).join(':')}::/64`;
}

const bytesOf = (group: string): number[] => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff];

function slowDown(waitMs: number): EarshotError {
  const retryAfterSeconds = retryAfterOf(waitMs);
  return new EarshotError(
    'rate_limited',
    `too many wrong keys from this address; try again in ${retryAfterSeconds} s`,
    { retryAfterSeconds },
  );
}
