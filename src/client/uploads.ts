import { EarshotError } from '../errors.ts';
import { openSource, type ByteSource, type Recording } from './byte-source.ts';
import { EarshotApiError } from './error.ts';
import { pauseBefore } from './retrying.ts';
import type { Transport } from './transport.ts';

/** A recording that lies on the server whole; a job can be made of it. */
export interface Upload {
  /** For `jobs.createFromUpload`. */
  readonly id: string;
  /** Its address. */
  readonly url: string;
  readonly bytes: number;
}

export interface UploadOptions {
  /** File name to show. Default: that of the file. */
  readonly name?: string;
  /** Address of an upload that was begun earlier with the same recording: it goes on where that ended. */
  readonly url?: string;
  /** Told the address as soon as there is one; keep it to go on in another process. */
  readonly onBegin?: (url: string) => void | Promise<void>;
  /** Told what has arrived, in bytes; `total` is null for a stream. */
  readonly onProgress?: (sent: number, total: number | null) => void;
  /** Bytes sent, and held in memory, at a time. */
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal;
}

const CHUNK_BYTES = 8 * 1024 * 1024;
const TUS = { 'tus-resumable': '1.0.0' };
/** The server has another idea of where the upload is, or another request of it is not over yet: HEAD tells. */
const OUT_OF_STEP = new Set([409, 423, 460]);

/** Uploads that survive broken connections: the tus protocol 1.0 (https://tus.io/protocols/resumable-upload). */
export class Uploads {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Sends a recording of any size with `chunkBytes` of memory. After a failure it asks how far the server has got and
   * goes on from there. Rejects with an EarshotApiError when that does not help, `recording_unreadable` when the file
   * changed meanwhile.
   */
  async create(recording: Recording, options: UploadOptions = {}): Promise<Upload> {
    const source = await openSource(recording);
    try {
      const url = options.url ?? (await this.#begin(source, options));
      const bytes = await this.#sendAll(source, url, options);
      await source.assertUnchanged();
      return { id: idOf(url), url, bytes };
    } finally {
      await source.close();
    }
  }

  /** Removes an upload of which no job was made. */
  async remove(url: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    await this.#transport.send({ method: 'DELETE', path: url, headers: TUS, repeat: 'always', signal });
  }

  async #begin({ name, size }: ByteSource, options: UploadOptions): Promise<string> {
    const { signal, onBegin } = options;
    const shown = options.name ?? name;
    const { headers } = await this.#transport.send({
      method: 'POST',
      path: '/uploads',
      headers: {
        ...TUS,
        ...(size === null ? { 'upload-defer-length': '1' } : { 'upload-length': String(size) }),
        ...(shown === null ? {} : { 'upload-metadata': `filename ${Buffer.from(shown).toString('base64')}` }),
      },
      repeat: 'always', // one that is begun twice expires
      signal,
    });
    const location = headers.get('location');
    if (location === null)
      throw new EarshotError('server_unreachable', 'the server began an upload and did not say where it is');
    const url = this.#transport.address(location).href;
    await onBegin?.(url);
    return url;
  }

  /** Resolves with the bytes that the server has: all. */
  async #sendAll(source: ByteSource, url: string, options: UploadOptions): Promise<number> {
    const { onProgress, signal, chunkBytes = CHUNK_BYTES } = options;
    let at: Position = options.url === undefined ? begun(source) : await this.#position(url, signal);
    let failures = 0;
    for (;;) {
      onProgress?.(at.offset, source.size);
      if (at.length !== null && at.offset >= at.length) return at.offset;
      const { bytes, isLast } = await source.read(at.offset, chunkBytes);
      if (bytes.length === 0 && at.length !== null) return this.#short(source, at);
      try {
        const length = isLast && at.length === null ? at.offset + bytes.length : null;
        at = { offset: await this.#send(url, at.offset, bytes, length, signal), length: length ?? at.length };
        failures = 0;
      } catch (error) {
        signal?.throwIfAborted();
        if (!canGoOn(error) || ++failures > this.#transport.maxRetries) throw error;
        await this.#transport.clock.sleep(pauseBefore(failures, error.retryAfterSeconds), signal);
        const now = await this.#position(url, signal);
        if (now.offset > at.offset) failures = 0;
        at = now;
      }
    }
  }

  async #send(
    url: string,
    offset: number,
    bytes: Uint8Array<ArrayBuffer>,
    length: number | null,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { headers } = await this.#transport.send({
      method: 'PATCH',
      path: url,
      headers: {
        ...TUS,
        'content-type': 'application/offset+octet-stream',
        'upload-offset': String(offset),
        ...(length === null ? {} : { 'upload-length': String(length) }),
      },
      body: () => bytes,
      repeat: 'never', // where to go on is to be asked first
      signal,
    });
    return numberOf(headers, 'upload-offset') ?? offset + bytes.length;
  }

  async #position(url: string, signal: AbortSignal | undefined): Promise<Position> {
    const { headers } = await this.#transport.send({
      method: 'HEAD',
      path: url,
      headers: TUS,
      repeat: 'always',
      signal,
    });
    return { offset: numberOf(headers, 'upload-offset') ?? 0, length: numberOf(headers, 'upload-length') };
  }

  /** The file ended before the length that was announced. */
  async #short(source: ByteSource, { offset, length }: Position): Promise<never> {
    await source.assertUnchanged();
    throw new EarshotError(
      'recording_unreadable',
      `the upload is of ${length} bytes, the recording has ${offset}`,
    );
  }
}

interface Position {
  readonly offset: number;
  /** Of the whole upload; null while the server does not know it. */
  readonly length: number | null;
}

const begun = ({ size }: ByteSource): Position => ({ offset: 0, length: size });

function canGoOn(error: unknown): error is EarshotApiError {
  return error instanceof EarshotApiError && (error.isRetryable || OUT_OF_STEP.has(error.status ?? 0));
}

function numberOf(headers: Headers, name: string): number | null {
  const text = headers.get(name) ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const idOf = (url: string): string => decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');
