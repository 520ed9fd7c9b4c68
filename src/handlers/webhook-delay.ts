/** Seconds after the first, second, … failed try: a hiccup, a restart, a deployment, an outage. */
const DELAYS_SECONDS = [5, 30, 300, 1800] as const;
/** A receiver may ask for more, but not for a job to be kept for days. */
const MOST_SECONDS = 3600;

/** How often a webhook is tried in all. */
export const WEBHOOK_TRIES: number = DELAYS_SECONDS.length + 1;

/**
 * Milliseconds from the end of try number `attempt` (1, 2, …), which asked to be tried again, to the next; null after the
 * last. At least what the receiver asked for (up to an hour), and up to a quarter more than that by chance, so that the
 * webhooks of one outage do not all come back at once. `random` gives numbers in [0, 1).
 */
export function nextDelay(
  attempt: number,
  retryAfterSeconds: number | null = null,
  random: () => number = Math.random,
): number | null {
  const planned = DELAYS_SECONDS[attempt - 1];
  if (planned === undefined) return null;
  const seconds = Math.max(planned, Math.min(retryAfterSeconds ?? 0, MOST_SECONDS));
  return Math.round(seconds * (1 + random() / 4) * 1000);
}
