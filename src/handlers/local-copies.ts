import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '../storage/storage.ts';

/**
 * Local files of stored objects, fetched once for all stages of a job that run here. With a folder as storage they are
 * the objects themselves.
 */
export class LocalCopies {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #jobs = new Map<string, Map<string, Promise<string>>>();

  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** Path of a file to be read only. */
  async get(jobId: string, key: string, signal: AbortSignal): Promise<string> {
    const copies = this.#jobs.get(jobId) ?? new Map<string, Promise<string>>();
    this.#jobs.set(jobId, copies);
    const copy = copies.get(key) ?? this.#storage.toLocal(key, this.#folderOf(jobId), { signal });
    copies.set(key, copy);
    copy.catch(() => copies.delete(key)); // the next run tries again
    return copy;
  }

  /** Ids of the jobs that copies are kept for. */
  get jobs(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Removes what was fetched for a job that needs it no more. */
  async forget(jobId: string): Promise<void> {
    this.#jobs.delete(jobId);
    await rm(this.#folderOf(jobId), { recursive: true, force: true });
  }

  #folderOf(jobId: string): string {
    return join(this.#folder, `copies-${jobId}`);
  }
}
