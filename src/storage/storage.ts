import type { Readable } from 'node:stream';

/** What is known of one object without reading it. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** Opaque; changes whenever the content is replaced by another. The same from `stat` and `list`. */
  readonly generation: string;
}

/**
 * Bytes under keys: a folder of this machine, or a bucket. Keys are ours, never a user's: segments of `[a-z0-9._-]` that
 * begin with a letter or digit, parted by '/'; anything else throws `internal`. No key may also be the folder of another
 * (`a` beside `a/b`).
 *
 * Errors of every method: `storage_unavailable` (credentials, permission or bucket are missing: trying again cannot
 * help), `storage_failed` (anything else that the storage answered, trying again can help), `disk_full`. An aborted
 * `signal` rejects with its reason.
 */
export interface Storage {
  /** As it was opened, with a file: storage's folder made absolute. */
  readonly url: string;
  /**
   * Streams bytes to `key`, whole or nothing, in constant memory; once it resolves they survive a power cut. What was
   * there is replaced. Rejects `too_large` as soon as more than `maxBytes` come, and with the error of `data` where that
   * throws. A bucket's last request cannot be called back: after an abort in it the whole object may yet appear.
   */
  put(key: string, data: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<Written>;
  /**
   * Brings in a local file: renamed where it is on the same file system, copied or uploaded otherwise; the local file is
   * gone afterwards, and still there when it rejects. Rejects `not_found` when there is no such file.
   */
  adopt(key: string, path: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * The bytes [start, end) of the object, all without a range; what lies beyond its end is left out. The caller reads the
   * stream to its end or destroys it. Rejects `not_found`.
   */
  get(key: string, range?: ByteRange): Promise<Readable>;
  /** Null when there is no such object. */
  stat(key: string): Promise<StoredObject | null>;
  /** Objects whose key begins with `prefix` ('' for all), by key. Those that come or go meanwhile may or may not be in it. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Absent is fine. */
  remove(key: string): Promise<void>;
  /** Removes every object that is under `prefix` now; the prefix ends with '/'. One that is put meanwhile may stay. */
  removeAll(prefix: string): Promise<void>;
  /**
   * Path of a local file with the object's bytes: the file itself for file: storage, to be read and never written; a copy
   * in `folder` otherwise, which is the caller's to remove. Rejects `not_found`.
   */
  toLocal(key: string, folder: string, options?: { readonly signal?: AbortSignal }): Promise<string>;
  /** Bytes that can still be written; null where there is no limit to know. */
  freeBytes(): Promise<number | null>;
  /**
   * Removes what killed writers left behind and nobody has written to for `olderThanMs`. Resolves with how many there
   * were. Give it more than the longest pause of an upload: other processes may be writing.
   */
  sweepTemporary(olderThanMs: number): Promise<number>;
  /** Lets go of connections. Nothing may be called afterwards. */
  close(): Promise<void>;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** The most bytes that are taken; without it there is no limit. */
  readonly maxBytes?: number;
}

/** Bytes from `start` up to, not including, `end`; without `end` to the end of the object. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/** What a put has written; `sha256` in lower-case hex. */
export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}
