import type { Clock } from '../util/clock.ts';

/**
 * Yields `filler` every `everyMs` for as long as `work` takes, then ends, whatever became of the work. Keeps an answer
 * alive whose client (Node's fetch) and proxies give up on a connection that is silent for minutes.
 */
export async function* whileWaiting(
  work: Promise<unknown>,
  filler: string,
  everyMs: number,
  clock: Clock,
): AsyncGenerator<string> {
  while (!(await isDoneWithin(work, everyMs, clock))) yield filler;
}

/** Whether `work` ends, well or badly, within `ms`. */
export async function isDoneWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const stop = new AbortController();
  const done = work.then(
    () => true,
    () => true,
  );
  const late = clock.sleep(ms, stop.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    stop.abort();
  }
}
