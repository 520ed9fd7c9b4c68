/**
 * Runs two pieces of work at once. When one fails the other is aborted and awaited, so that nothing goes on behind the
 * caller's back, and the first failure is thrown. Both get a signal that also follows `outer`.
 */
export async function together<A, B>(
  outer: AbortSignal | undefined,
  first: (signal: AbortSignal) => Promise<A>,
  second: (signal: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const stop = new AbortController();
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
  const failures: unknown[] = [];
  const guarded = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      failures.push(error);
      stop.abort();
      throw error;
    });
  const [a, b] = await Promise.allSettled([guarded(first(signal)), guarded(second(signal))]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  throw failures[0];
}
