import { AsyncLocalStorage } from 'node:async_hooks';
import { statfs } from 'node:fs/promises';
import { Server } from '@tus/server';
import { folderOf, sourceKey } from '../../api/job-files.ts';
import { EarshotError } from '../../errors.ts';
import type { Submission } from '../../jobs/submit.ts';
import type { Written } from '../../storage/storage.ts';
import { sha256File } from '../../util/hash.ts';
import { timeUuid } from '../../util/time-uuid.ts';
import { maySee, type Caller } from '../auth/caller.ts';
import type { ServerContext } from '../context.ts';
import { checkNotEmpty, displayName } from '../upload.ts';
import { UploadLocks } from './locks.ts';
import { UploadRecords, type UploadState } from './records.ts';
import { KEPT_MS, UploadStore } from './store.ts';

export type UploadsOptions = Pick<
  ServerContext,
  'jobs' | 'storage' | 'limits' | 'activity' | 'clock' | 'stopping' | 'metrics'
> & {
  /** Where unfinished uploads lie; on the same disk as a file: storage, bringing them in is a rename. */
  readonly folder: string;
};

/** How a request that names an upload becomes a job. */
export interface Claim {
  readonly caller: Caller;
  /** What the job would be known by. */
  fingerprint(content: Written): string;
  /** Makes the job, under the upload's id, of what then lies in the storage. */
  submit(content: Written): Promise<Submission>;
}

/** Resumable uploads: what has arrived of them, and jobs made of them. */
export class Uploads {
  /** The protocol; it throws plain objects and has its errors told to `failures`. */
  readonly tus: Server;
  readonly failures = new WeakMap<Request, unknown>();
  /** Who is asking, for what the protocol calls on the way. */
  readonly callers = new AsyncLocalStorage<Caller>();
  readonly #options: UploadsOptions;
  readonly #records: UploadRecords;
  readonly #locks = new UploadLocks();
  readonly #store: UploadStore;

  constructor(options: UploadsOptions) {
    const { activity, clock, limits, metrics, stopping } = options;
    const records = new UploadRecords(options.folder);
    this.#options = options;
    this.#records = records;
    this.#store = new UploadStore({
      records,
      stopping,
      owner: () => (this.callers.getStore() as Caller).owner,
      onBytes: (count) => {
        activity.lastAt = clock.now();
        metrics.received(count);
      },
    });
    this.tus = new Server({
      path: '/uploads',
      datastore: this.#store,
      locker: this.#locks,
      lockDrainTimeout: 500,
      maxSize: limits.maxUploadBytes,
      relativeLocation: true,
      namingFunction: () => timeUuid(),
      onUploadFinish: async (_request, { id, offset }) => {
        const found = await records.get(id);
        const sha256 = this.#store.sha256(id, offset);
        if (found !== null && sha256 !== null) await records.set(id, { ...found, sha256 });
        return {};
      },
      onResponseError: (request, error) => {
        this.failures.set(request, error);
        return undefined;
      },
    });
  }

  /** Makes the folder; before anything else. */
  open(): Promise<void> {
    return this.#records.open();
  }

  /** The upload of that id. Rejects with `not_found` when there is none, or when it is somebody else's. */
  async get(id: string, caller: Caller): Promise<UploadState> {
    const found = await this.#records.get(id);
    if (found === null || !maySee(caller, found.owner))
      throw new EarshotError('not_found', 'there is no such upload, or it has expired');
    return found;
  }

  /** Bytes that uploads of an owner may come to, as far as they are no job's yet. */
  async bytesOf(owner: string): Promise<number> {
    let bytes = 0;
    for (const id of await this.#records.ids()) {
      const found = await this.#records.get(id);
      if (found?.owner === owner && found.jobId === null) bytes += found.size ?? found.offset;
    }
    return bytes;
  }

  /** Rejects with `disk_full` when the disk that uploads come to has no room for so many more bytes. */
  async checkRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#records.folder);
    if (bavail * bsize - bytes < this.#options.limits.minFreeBytes)
      throw new EarshotError('disk_full', 'the disk has no room for more of this upload');
  }

  /** What an upload is called, for people to read. */
  async nameOf(id: string, caller: Caller): Promise<string> {
    const { metadata } = await this.get(id, caller);
    return displayName(metadata?.['filename'] ?? metadata?.['name'] ?? undefined);
  }

  /**
   * Makes the job of a finished upload: once. A second claim for the same work gets that job, one for other work rejects
   * with `upload_state`, as does one of an upload that is not finished; one of no bytes with `recording_empty`. The job has the upload's id, and its bytes are in
   * the storage under it before the job is made: a server that is killed on the way finds out where it was.
   */
  claim(id: string, claim: Claim): Promise<Submission> {
    return this.#locks.exclusively(id, async () => {
      const found = await this.get(id, claim.caller);
      const { size, offset } = found;
      if (size === null || offset < size)
        throw new EarshotError(
          'upload_state',
          `the upload has ${offset} of ${size === null ? 'an unknown number of' : size} bytes; send the rest of it first`,
        );
      checkNotEmpty({ bytes: size }, 'upload_id');
      const sha256 = found.sha256 ?? (await sha256File(this.#records.pathOf(id), this.#options.stopping));
      const content = { bytes: size, sha256 };
      const earlier = await this.#options.jobs.get(found.jobId ?? id);
      if (earlier !== null || found.jobId !== null) {
        if (earlier?.fingerprint === claim.fingerprint(content)) return { job: earlier, isNew: false };
        const what =
          earlier === null ? 'a job that was deleted' : `the job ${earlier.id}, with other options`;
        throw new EarshotError('upload_state', `the upload was used for ${what}; upload the recording again`);
      }
      const record = { ...found, sha256, isTaken: true };
      await this.#records.set(id, record);
      await this.#bringIn(id);
      const submission = await claim.submit(content);
      await this.#records.set(id, { ...record, jobId: submission.job.id });
      if (!submission.isNew) await this.#options.storage.removeAll(folderOf(id));
      return submission;
    });
  }

  /** Removes uploads that nobody has touched for a day; how many there were. */
  async sweep(): Promise<number> {
    let count = 0;
    await this.#records.sweepTemporary(this.#options.clock.now() - KEPT_MS);
    for (const id of await this.#records.ids()) {
      if (!(await this.#isOld(id))) continue;
      await this.#locks.exclusively(id, async () => {
        if (!(await this.#isOld(id))) return;
        await this.#records.remove(id);
        count++;
      });
    }
    return count;
  }

  async #isOld(id: string): Promise<boolean> {
    const touchedAt = await this.#records.touchedAt(id);
    return touchedAt !== null && this.#options.clock.now() - touchedAt > KEPT_MS;
  }

  async #bringIn(id: string): Promise<void> {
    const { storage, stopping } = this.#options;
    try {
      await storage.adopt(sourceKey(id), this.#records.pathOf(id), { signal: stopping });
    } catch (error) {
      const isMoved = error instanceof EarshotError && error.code === 'not_found';
      if (!isMoved || (await storage.stat(sourceKey(id))) === null) throw error;
    }
  }
}
