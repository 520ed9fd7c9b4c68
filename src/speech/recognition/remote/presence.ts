/**
 * Whether anybody was ever seen at a worker's address. A machine that is waking up shows itself: its platform holds the
 * connection (Cloud Run) or answers 502 or 503, or connecting times out while it boots. Where all that ever came was
 * "connection refused" or "no such host", most likely nobody is there, and after a short wait that is taken for certain.
 */
export interface Presence {
  /** Nobody listens at the address; `why` is for people. */
  missed(now: number, why: string): void;
  /** Anything else happened: from now on it may take as long as the pool's patience, whatever comes. */
  seen(): void;
  /** The moment from which it counts as absent; null while that is open, because it was seen or has not been tried. */
  absentFrom(): number | null;
  /** What was said of it when it was last missed; null when it never was. */
  why(): string | null;
}

/** `waitMs`: how long nothing but misses is borne. */
export function presence(waitMs: number): Presence {
  let wasSeen = false;
  let firstMissed: number | null = null;
  let last: string | null = null;
  return {
    missed(now, why) {
      firstMissed ??= now;
      last = why;
    },
    seen() {
      wasSeen = true;
    },
    absentFrom: () => (wasSeen || firstMissed === null ? null : firstMissed + waitMs),
    why: () => last,
  };
}
