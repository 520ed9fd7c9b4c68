/** The first pause before a request is sent again, and the longest, in milliseconds. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** Nobody is made to wait longer than this by a Retry-After. */
const LONGEST_ASKED_MS = 600_000;

/**
 * Milliseconds to wait before try `attempt` (1 is the first repetition): what the server asked for, otherwise twice as
 * long each time, of which a random half, so that clients that failed together do not come back together.
 */
export function pauseBefore(attempt: number, askedSeconds: number | null): number {
  if (askedSeconds !== null) return Math.min(askedSeconds * 1000, LONGEST_ASKED_MS);
  const most = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS);
  return Math.round(most * (0.5 + Math.random() / 2));
}
