/** Notes how something that was just opened is released. */
export type Later = (release: () => Promise<unknown>) => void;

/**
 * Runs `work`, then releases what it has opened, last first, whatever happened: also when a later step of opening failed,
 * and when a release does. Rejects with what `work` rejected with, otherwise with the first release that failed.
 */
export async function releasing<T>(work: (later: Later) => Promise<T>): Promise<T> {
  const releases: (() => Promise<unknown>)[] = [];
  const [done] = await Promise.allSettled([work((release) => releases.push(release))]);
  const failures: unknown[] = done.status === 'rejected' ? [done.reason] : [];
  for (const release of releases.reverse()) {
    const [released] = await Promise.allSettled([release()]);
    if (released.status === 'rejected') failures.push(released.reason);
  }
  if (failures.length > 0) throw failures[0];
  return (done as PromiseFulfilledResult<T>).value;
}
