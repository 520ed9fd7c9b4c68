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
  /** Removes what another room has lying about. */
  readonly alsoSweep?: () => Promise<unknown>;
  readonly onError: (error: EarshotError) => void;
  readonly clock?: Clock;
}

const EVERY_MS = 60_000;
const LEFTOVERS_EVERY_MS = 3_600_000;
/** Files without a job are those of an upload in progress, or of a server that was killed: a day tells them apart. */
const ORPHAN_MS = 24 * 3_600_000;

/** Removes what nobody needs any more until `signal` aborts: expired jobs and their files, what killed servers left behind. */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { jobs, copies, onError, clock = systemClock } = options;
  const heardOf = new Set<string>();
  const off = jobs.onAny((id) => heardOf.add(id));
  let leftoversAt = clock.now() - LEFTOVERS_EVERY_MS + EVERY_MS; // soon after the start, not in it
  const step = (work: Promise<unknown>): Promise<unknown> =>
    work.catch((error: unknown) => onError(toEarshotError(error)));
  while (!signal.aborted) {
    await step(removeExpired(options));
    if (options.alsoSweep !== undefined) await step(options.alsoSweep());
    const seen = new Set([...heardOf, ...(copies?.jobs ?? [])]);
    heardOf.clear();
    for (const id of seen) await step(removeWork(options, id));
    await step(jobs.mend());
    if (clock.now() - leftoversAt >= LEFTOVERS_EVERY_MS) {
      leftoversAt = clock.now();
      await step(removeLeftovers(options, clock.now() - ORPHAN_MS));
      await step(options.storage.sweepTemporary(ORPHAN_MS));
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

/**
 * What servers that were killed left in the storage: work of whole jobs, and files that have no job and were not written
 * to since `before` (milliseconds since the epoch). Returns the ids of those without a job.
 */
export async function removeLeftovers(options: HousekeepingOptions, before: number): Promise<string[]> {
  const { jobs, storage } = options;
  const folders = new Map<string, number>();
  const working = new Set<string>();
  for await (const { key, modifiedAt } of storage.list('jobs/')) {
    const id = key.split('/')[1] ?? '';
    if (!UUID.test(id)) continue; // not ours
    folders.set(id, Math.max(folders.get(id) ?? 0, modifiedAt.getTime()));
    if (key.startsWith(workFolder(id))) working.add(id);
  }
  for (const id of working) await removeWork(options, id);
  const old = [...folders].filter(([, at]) => at < before).map(([id]) => id);
  const known = await jobs.existing(old);
  const orphans = old.filter((id) => !known.has(id));
  for (const id of orphans) await storage.removeAll(folderOf(id));
  return orphans;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
