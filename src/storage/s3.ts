import { Readable } from 'node:stream';
import type { ListMultipartUploadsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { EarshotError } from '../errors.ts';
import { optionalImport } from '../util/optional-import.ts';
import { absent, bucketFailure, type Doing } from './failures.ts';
import { guarded } from './guarded-stream.ts';
import { Incoming } from './incoming.ts';
import { assertFolderPrefix, assertKey, assertPrefix, assertRange, type CheckKey } from './keys.ts';
import { adoptByUpload, download } from './local-copy.ts';
import { uploadToS3, type S3Sdk } from './s3-upload.ts';
import type { ByteRange, PutOptions, Storage, StoredObject, Written } from './storage.ts';

/** The most keys that one DeleteObjects takes. */
const DELETED_AT_ONCE = 1000;

/**
 * Opens a bucket of S3 or of what speaks its protocol. Region, credentials and endpoint (`AWS_ENDPOINT_URL_S3`) are the
 * SDK's own business. Rejects `storage_unavailable` where the SDK is not installed or the bucket cannot be listed.
 */
export async function openS3Storage(
  bucket: string,
  prefix: string,
  checkKey: CheckKey = assertKey,
): Promise<Storage> {
  const sdk = optionalImport<S3Sdk>('@aws-sdk/client-s3');
  if (sdk === null)
    throw new EarshotError('storage_unavailable', 's3:// storage needs the package @aws-sdk/client-s3', {
      hint: 'npm install @aws-sdk/client-s3',
    });
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  // Other servers than Amazon's seldom have a host name for each bucket.
  const client = new sdk.S3Client({ forcePathStyle: Boolean(AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) });
  const storage = new S3Storage(sdk, client, { bucket, prefix, checkKey });
  try {
    const first = { Bucket: bucket, Prefix: prefix, MaxKeys: 1 };
    await client.send(new sdk.ListObjectsV2Command(first)).catch(failing('list', 'its objects'));
    return storage;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Objects are the bucket's, under `prefix`, which is '' or ends with '/'. A killed put leaves a multipart upload that is not an object. */
class S3Storage implements Storage {
  readonly url: string;
  readonly #sdk: S3Sdk;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #checkKey: CheckKey;

  constructor(
    sdk: S3Sdk,
    client: S3Client,
    { bucket, prefix, checkKey }: { bucket: string; prefix: string; checkKey: CheckKey },
  ) {
    this.url = `s3://${bucket}/${prefix}`;
    this.#sdk = sdk;
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#checkKey = checkKey;
  }

  async put(key: string, data: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<Written> {
    const at = this.#at(key);
    const incoming = new Incoming(data, options);
    try {
      await uploadToS3(this.#sdk, this.#client, at, incoming, options.signal);
      return incoming.written();
    } catch (error) {
      if (incoming.failure !== null) throw incoming.failure.error;
      options.signal?.throwIfAborted();
      return failing('write', key)(error);
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
    const wanted = range && { Range: `bytes=${start}-${end === Infinity ? '' : end - 1}` };
    try {
      const { Body } = await this.#client.send(
        new this.#sdk.GetObjectCommand({ ...this.#at(key), ...wanted }),
      );
      return guarded(Body as Readable, (error) => failure('read', key, error));
    } catch (error) {
      if (statusOf(error) === 404) throw absent(key, error);
      if (statusOf(error) === 416) return Readable.from([]); // begins at or after the end
      throw failure('read', key, error);
    }
  }

  async stat(key: string): Promise<StoredObject | null> {
    try {
      const found = await this.#client.send(new this.#sdk.HeadObjectCommand(this.#at(key)));
      return toStoredObject(key, found.ContentLength, found.LastModified, found.ETag);
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw failure('read', key, error);
    }
  }

  async *list(prefix: string): AsyncGenerator<StoredObject, void> {
    assertPrefix(prefix);
    const query = { Bucket: this.#bucket, Prefix: this.#prefix + prefix };
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#client
        .send(new this.#sdk.ListObjectsV2Command({ ...query, ContinuationToken }))
        .catch(failing('list', prefix));
      for (const { Key = '', Size, LastModified, ETag } of page.Contents ?? [])
        yield toStoredObject(Key.slice(this.#prefix.length), Size, LastModified, ETag);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(key))).catch(failing('remove', key));
  }

  async removeAll(prefix: string): Promise<void> {
    assertFolderPrefix(prefix);
    let keys: string[] = [];
    for await (const { key } of this.list(prefix)) {
      keys.push(key);
      if (keys.length < DELETED_AT_ONCE) continue;
      await this.#removeSome(keys);
      keys = [];
    }
    if (keys.length > 0) await this.#removeSome(keys);
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

  async sweepTemporary(olderThanMs: number): Promise<number> {
    const before = Date.now() - olderThanMs;
    const query = { Bucket: this.#bucket, Prefix: this.#prefix };
    let swept = 0;
    let page: ListMultipartUploadsCommandOutput | undefined;
    do {
      const after = { KeyMarker: page?.NextKeyMarker, UploadIdMarker: page?.NextUploadIdMarker };
      page = await this.#client
        .send(new this.#sdk.ListMultipartUploadsCommand({ ...query, ...after }))
        .catch(failing('list', 'unfinished uploads'));
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Initiated === undefined || Initiated.getTime() > before) continue;
        const upload = { Bucket: this.#bucket, Key, UploadId };
        await this.#client
          .send(new this.#sdk.AbortMultipartUploadCommand(upload))
          .catch(failing('remove', 'an unfinished upload'));
        swept++;
      }
    } while (page.IsTruncated === true);
    return swept;
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #removeSome(keys: readonly string[]): Promise<void> {
    const Objects = keys.map((key) => ({ Key: this.#prefix + key }));
    const { Errors = [] } = await this.#client
      .send(new this.#sdk.DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }))
      .catch(failing('remove', keys[0] as string));
    const [first] = Errors;
    if (first)
      throw new EarshotError(
        'storage_failed',
        `the bucket kept ${Errors.length} of ${keys.length} objects: ${first.Code ?? 'no reason given'}`,
      );
  }

  #at(key: string): { Bucket: string; Key: string } {
    this.#checkKey(key);
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }
}

function toStoredObject(key: string, bytes = 0, modifiedAt = new Date(0), etag = ''): StoredObject {
  return { key, bytes, modifiedAt, generation: etag.replaceAll('"', '') };
}

function statusOf(error: unknown): number | null {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode ?? null;
}

function failing(doing: Doing, key: string): (error: unknown) => never {
  return (error) => {
    throw failure(doing, key, error);
  };
}

function failure(doing: Doing, key: string, error: unknown): EarshotError {
  const { name, message } = error as Error;
  const isUnconfigured = name === 'CredentialsProviderError' || message === 'Region is missing';
  const reason = isUnconfigured ? message : name;
  return bucketFailure(error, { status: statusOf(error), reason, retryable: !isUnconfigured }, doing, key);
}
