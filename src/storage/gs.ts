import { once } from 'node:events';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type * as Sdk from '@google-cloud/storage';
import type { Bucket, File } from '@google-cloud/storage';
import { EarshotError } from '../errors.ts';
import { abortable } from '../util/abortable.ts';
import { optionalImport } from '../util/optional-import.ts';
import { parallel } from '../util/parallel.ts';
import { absent, bucketFailure, type Doing } from './failures.ts';
import { guarded } from './guarded-stream.ts';
import { Incoming, parts } from './incoming.ts';
import { assertFolderPrefix, assertKey, assertPrefix, assertRange, type CheckKey } from './keys.ts';
import { readMedia } from './gs-read.ts';
import { adoptByUpload, download } from './local-copy.ts';
import type { ByteRange, PutOptions, Storage, StoredObject, Written } from './storage.ts';

/** What is sent in one request; more than that goes by a resumable upload in chunks of it, which the SDK wants in multiples of 256 KiB. */
const CHUNK_BYTES = 8 * 1024 * 1024;
/** Cloud Storage deletes one object a request. */
const DELETED_AT_ONCE = 16;

/**
 * Opens a bucket of Google Cloud Storage. Credentials are the SDK's own business (application default credentials), and so
 * is an emulator's address (`STORAGE_EMULATOR_HOST`). Rejects `storage_unavailable` where the SDK is not installed or the
 * bucket cannot be listed.
 */
export async function openGoogleStorage(
  bucket: string,
  prefix: string,
  checkKey: CheckKey = assertKey,
): Promise<Storage> {
  const sdk = optionalImport<typeof Sdk>('@google-cloud/storage');
  if (sdk === null)
    throw new EarshotError('storage_unavailable', 'gs:// storage needs the package @google-cloud/storage', {
      hint: 'npm install @google-cloud/storage',
    });
  // A put sends the same bytes again and a removal removes the same: both may be repeated.
  const client = new sdk.Storage({
    retryOptions: { idempotencyStrategy: sdk.IdempotencyStrategy.RetryAlways },
  });
  const opened = client.bucket(bucket);
  await opened.getFiles({ prefix, maxResults: 1, autoPaginate: false }).catch(failing('list', 'its objects'));
  return new GoogleStorage(opened, prefix, checkKey);
}

/** Objects are the bucket's, under `prefix`, which is '' or ends with '/'. A killed put leaves an upload session that expires by itself. */
class GoogleStorage implements Storage {
  readonly url: string;
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #checkKey: CheckKey;

  constructor(bucket: Bucket, prefix: string, checkKey: CheckKey) {
    this.url = `gs://${bucket.name}/${prefix}`;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#checkKey = checkKey;
  }

  async put(key: string, data: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<Written> {
    const file = this.#file(key);
    const incoming = new Incoming(data, options);
    try {
      await upload(file, incoming, options.signal);
      return incoming.written();
    } catch (error) {
      if (incoming.failure !== null) throw incoming.failure.error;
      options.signal?.throwIfAborted();
      throw failure('write', key, error);
    }
  }

  async adopt(key: string, path: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await adoptByUpload(this, key, path, options.signal);
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    assertRange(range);
    const { start = 0, end = Infinity } = range ?? {};
    if (start === end) {
      // No header says "no bytes"; whether there is such an object is still to be told.
      if ((await this.stat(key)) === null) throw absent(key);
      return Readable.from([]);
    }
    const wanted = range && `bytes=${start}-${end === Infinity ? '' : end - 1}`;
    try {
      const body = await readMedia(this.#file(key), wanted);
      return guarded(body, (error) => failure('read', key, error));
    } catch (error) {
      if (statusOf(error) === 404) throw absent(key, error);
      if (statusOf(error) === 416) return Readable.from([]); // begins at or after the end
      throw failure('read', key, error);
    }
  }

  async stat(key: string): Promise<StoredObject | null> {
    try {
      const [found] = await this.#file(key).getMetadata();
      return toStoredObject(key, found);
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw failure('read', key, error);
    }
  }

  async *list(prefix: string): AsyncGenerator<StoredObject, void> {
    assertPrefix(prefix);
    const query = { prefix: this.#prefix + prefix, autoPaginate: false };
    let pageToken: string | undefined;
    do {
      const [files, next] = await this.#bucket
        .getFiles({ ...query, ...(pageToken === undefined ? {} : { pageToken }) })
        .catch(failing('list', prefix));
      for (const { name, metadata } of files) yield toStoredObject(name.slice(this.#prefix.length), metadata);
      pageToken = (next as { pageToken?: string } | null)?.pageToken;
    } while (pageToken !== undefined);
  }

  async remove(key: string): Promise<void> {
    await this.#file(key).delete({ ignoreNotFound: true }).catch(failing('remove', key));
  }

  async removeAll(prefix: string): Promise<void> {
    assertFolderPrefix(prefix);
    const keys: string[] = [];
    for await (const { key } of this.list(prefix)) keys.push(key);
    await parallel(keys, DELETED_AT_ONCE, (key) => this.remove(key));
  }

  async toLocal(
    key: string,
    folder: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<string> {
    return download(this, key, folder, options.signal);
  }

  async freeBytes(): Promise<null> {
    return null;
  }

  /** Nothing to do: Cloud Storage drops an unfinished session after a week, and charges nothing for it. */
  async sweepTemporary(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    // The SDK keeps no connection that would hold the process.
  }

  #file(key: string): File {
    this.#checkKey(key);
    return this.#bucket.file(this.#prefix + key);
  }
}

/** Writes an object: in one request what fits into a chunk, by a resumable upload what does not. */
async function upload(
  file: File,
  data: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let stream: ReturnType<File['createWriteStream']> | undefined;
  let done: Promise<void> | undefined;
  try {
    for await (const { bytes, last } of parts(data, CHUNK_BYTES)) {
      if (last && stream === undefined) {
        await abortable(file.save(bytes, { resumable: false, validation: 'crc32c' }), signal);
        return;
      }
      if (stream === undefined) {
        stream = file.createWriteStream({ resumable: true, chunkSize: CHUNK_BYTES, validation: 'crc32c' });
        done = finished(stream, signal ? { signal } : {});
        done.catch(() => undefined); // awaited below; writing may fail first
      }
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), done]);
    }
    stream?.end();
    await done;
  } catch (error) {
    stream?.destroy(error as Error);
    throw error;
  }
}

function toStoredObject(key: string, found: File['metadata']): StoredObject {
  return {
    key,
    bytes: Number(found.size),
    modifiedAt: new Date(found.updated ?? 0),
    generation: String(found.generation),
  };
}

function statusOf(error: unknown): number | null {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : null;
}

function failing(doing: Doing, key: string): (error: unknown) => never {
  return (error) => {
    throw failure(doing, key, error);
  };
}

function failure(doing: Doing, key: string, error: unknown): EarshotError {
  const { message, code } = error as { message: string; code?: unknown };
  const isUnconfigured = message.includes('default credentials');
  const reason = isUnconfigured || typeof code !== 'string' ? message : code;
  return bucketFailure(error, { status: statusOf(error), reason, retryable: !isUnconfigured }, doing, key);
}
