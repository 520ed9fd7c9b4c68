import { createHash, type Hash } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { DataStore, ERRORS, Upload } from '@tus/server';
import { BoundedMap } from '../auth/bounded-map.ts';
import type { UploadRecords } from './records.ts';

/** An unfinished upload that nobody has written to for this long is removed; so is a finished one without a job. */
export const KEPT_MS = 24 * 3_600_000;
/** Uploads whose hash is carried on from request to request; others are read once more for it. */
const MOST_HASHES = 1_000;

export interface StoreOptions {
  readonly records: UploadRecords;
  /** Whose request it is that makes an upload. */
  readonly owner: () => string;
  readonly onBytes: (count: number) => void;
  /** Ends what is being written; what has arrived stays. */
  readonly stopping: AbortSignal;
}

/**
 * Where the tus server keeps bytes. Not the package's FileStore: that one knows no owners, tells a full disk from no other
 * failure, removes finished uploads with the expired ones, and its files can be read by every user of the machine.
 *
 * Every answer to a client is given after its bytes have been written through to the disk. The sha256 is computed on the way;
 * a server that was restarted meanwhile has lost count, and the finished file is then read once.
 */
export class UploadStore extends DataStore {
  readonly #options: StoreOptions;
  readonly #hashes = new BoundedMap<{ readonly hash: Hash; readonly at: number }>(MOST_HASHES);

  constructor(options: StoreOptions) {
    super();
    this.#options = options;
    this.extensions = [
      'creation',
      'creation-with-upload',
      'creation-defer-length',
      'termination',
      'expiration',
    ];
  }

  override async create(upload: Upload): Promise<Upload> {
    const { records, owner } = this.#options;
    await writeFile(records.pathOf(upload.id), '', { flag: 'wx', mode: 0o600 });
    await records.set(upload.id, {
      owner: owner(),
      size: upload.size ?? null,
      metadata: upload.metadata ?? null,
      sha256: null,
      isTaken: false,
      jobId: null,
    });
    return upload;
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    const { records, onBytes, stopping } = this.#options;
    const hash = this.#hashAt(id, offset);
    const file = await open(records.pathOf(id), 'r+');
    let at = offset;
    try {
      for await (const chunk of addAbortSignal(stopping, stream) as AsyncIterable<Buffer>) {
        for (let done = 0; done < chunk.length;)
          done += (await file.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
        at += chunk.length;
        hash?.update(chunk);
        onBytes(chunk.length);
      }
      return at;
    } finally {
      // A chunk of which the disk took a part only is to be sent again.
      await file.truncate(at).catch(() => undefined);
      await file.datasync();
      await file.close();
      if (hash !== null) this.#hashes.set(id, { hash, at });
    }
  }

  override async getUpload(id: string): Promise<Upload> {
    const found = await this.#options.records.get(id);
    if (found === null) throw ERRORS.FILE_NOT_FOUND;
    const { size, offset, metadata, changedAt } = found;
    return new Upload({
      ...{ id, offset },
      ...(size === null ? {} : { size }),
      ...(metadata === null ? {} : { metadata }),
      creation_date: new Date(changedAt).toISOString(), // from which the package counts the expiry
    });
  }

  override async declareUploadLength(id: string, size: number): Promise<void> {
    const { records } = this.#options;
    const found = await records.get(id);
    if (found === null) throw ERRORS.FILE_NOT_FOUND;
    await records.set(id, { ...found, size });
  }

  override remove(id: string): Promise<void> {
    return this.#options.records.remove(id);
  }

  override getExpiration(): number {
    return KEPT_MS;
  }

  /** The sha256 of the first `bytes` bytes, where it was computed on the way. */
  sha256(id: string, bytes: number): string | null {
    const known = this.#hashes.get(id);
    return known?.at === bytes ? known.hash.copy().digest('hex') : null;
  }

  #hashAt(id: string, offset: number): Hash | null {
    if (offset === 0) return createHash('sha256');
    const known = this.#hashes.get(id);
    return known?.at === offset ? known.hash : null;
  }
}
