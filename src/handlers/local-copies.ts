import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '../storage/storage.ts';
import { abortable } from '../util/abortable.ts';

/**
 * Local files of stored objects, fetched once for all stages of a job that run here. With a folder as storage they are
 * the objects themselves.
 */
export class LocalCopies {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #jobs = new Map<string, Copies>();

  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** Path of a file to be read only. A caller that gives up does not take the copy away from the others who wait for it. */
  async get(jobId: string, key: string, signal: AbortSignal): Promise<string> {
    const { files, stop } = this.#of(jobId);
    const copy = files.get(key) ?? this.#storage.toLocal(key, this.#folderOf(jobId), { signal: stop.signal });
    files.set(key, copy);
    copy.catch(() => files.delete(key)); // the next run tries again
    return abortable(copy, signal);
  }

  /** Ids of the jobs that copies are kept for. */
  get jobs(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Removes what was fetched for a job that needs it no more. */
  async forget(jobId: string): Promise<void> {
    const copies = this.#jobs.get(jobId);
    this.#jobs.delete(jobId);
    copies?.stop.abort();
    await Promise.allSettled(copies?.files.values() ?? []);
    await rm(this.#folderOf(jobId), { recursive: true, force: true });
  }

  #of(jobId: string): Copies {
    const copies = this.#jobs.get(jobId) ?? { files: new Map(), stop: new AbortController() };
    this.#jobs.set(jobId, copies);
    return copies;
  }

  #folderOf(jobId: string): string {
    return join(this.#folder, `copies-${jobId}`);
  }
}

/** What was fetched, or is being fetched, for a job: paths by key. */
interface Copies {
  readonly files: Map<string, Promise<string>>;
  readonly stop: AbortController;
}
