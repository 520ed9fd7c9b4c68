import { folderOf, workFolder } from '../api/job-files.ts';
import { toEarshotError, type EarshotError } from '../errors.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Storage } from '../storage/storage.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import type { LocalCopies } from './local-copies.ts';

export interface HousekeepingOptions {
  readonly jobs: Jobs;
  readonly storage: Storage;
  /** null: no work is done here. */
  readonly copies: LocalCopies | null;
  readonly onError: (error: EarshotError) => void;
  readonly clock?: Clock;
}

const EVERY_MS = 60_000;
const ORPHANS_EVERY_MS = 3_600_000;
/** Files without a job are those of an upload in progress, or of a server that was killed: a day tells them apart. */
const ORPHAN_MS = 24 * 3_600_000;

/** Removes what nobody needs any more until `signal` aborts: expired jobs and their files, what killed servers left behind. */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { jobs, onError, clock = systemClock } = options;
  const finished = new Set<string>();
  const off = jobs.onAny((id) => finished.add(id));
  let orphansAt = clock.now();
  while (!signal.aborted) {
    try {
      await removeExpired(options);
      const seen = [...finished];
      finished.clear();
      for (const id of seen) await removeWork(options, id);
      await jobs.mend();
      if (clock.now() - orphansAt >= ORPHANS_EVERY_MS) {
        orphansAt = clock.now();
        await removeOrphans(options, clock.now() - ORPHAN_MS);
      }
    } catch (error) {
      onError(toEarshotError(error));
    }
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
  off();
}

/** Expired jobs go with all their files. Returns how many there were. */
export async function removeExpired({ jobs, storage }: HousekeepingOptions): Promise<number> {
  let count = 0;
  for (;;) {
    const ids = await jobs.removeExpired();
    for (const id of ids) await storage.removeAll(folderOf(id));
    count += ids.length;
    if (ids.length === 0) return count;
  }
}

/** Decoded audio is needed no more once a job is whole; one that failed or lacks chunks may be retried. */
export async function removeWork({ jobs, storage, copies }: HousekeepingOptions, id: string): Promise<void> {
  const job = await jobs.get(id);
  if (job !== null && job.finishedAt === null) return;
  await copies?.forget(id);
  if (job?.status === 'completed' && job.result?.['lost_chunks'] === 0)
    await storage.removeAll(workFolder(id));
}

/** Files that have no job and were not written to since `before` (milliseconds since the epoch). */
export async function removeOrphans({ jobs, storage }: HousekeepingOptions, before: number): Promise<number> {
  const folders = new Map<string, number>();
  for await (const { key, modifiedAt } of storage.list('jobs/')) {
    const id = key.split('/')[1] ?? '';
    folders.set(id, Math.max(folders.get(id) ?? 0, modifiedAt.getTime()));
  }
  const old = [...folders].filter(([, at]) => at < before).map(([id]) => id);
  const known = await jobs.existing(old);
  const orphans = old.filter((id) => !known.has(id));
  for (const id of orphans) await storage.removeAll(folderOf(id));
  await storage.sweepTemporary(Math.max(0, Date.now() - before));
  return orphans.length;
}
