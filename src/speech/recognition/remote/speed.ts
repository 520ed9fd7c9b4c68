/** How long a worker takes for a second of audio, learnt from its answers. */
export interface Speed {
  /** Seconds of work a second of audio, or null before the first answer. */
  rate(): number | null;
  observe(audioSeconds: number, elapsedMs: number): void;
}

/** Weight of the newest answer. */
const NEWEST = 0.3;
/** Shorter chunks say more about the network than about the worker. */
const SHORTEST = 1;

export function speed(): Speed {
  let rate: number | null = null;
  return {
    rate: () => rate,
    observe(audioSeconds, elapsedMs) {
      const seen = elapsedMs / 1000 / Math.max(SHORTEST, audioSeconds);
      rate = rate === null ? seen : rate + NEWEST * (seen - rate);
    },
  };
}
