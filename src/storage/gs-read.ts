import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { File } from '@google-cloud/storage';
import { systemClock } from '../util/clock.ts';

/** Waits in milliseconds before an answer that may get better is asked for again. */
const WAITS = [250, 1000, 4000];
const BUSY = [408, 429, 500, 502, 503, 504];

/**
 * The bytes of an object, or of the range that the header `range` names. Asked for by `fetch` with the SDK's credentials:
 * the SDK's own read stream (7.22) waits for ever when the connection breaks off in the middle. Rejects with an error
 * whose `code` is the HTTP status, or with that of `fetch` when there was no answer.
 */
export async function readMedia(file: File, range: string | undefined): Promise<Readable> {
  const { apiEndpoint, authClient, customEndpoint } = file.storage;
  const path = `b/${encodeURIComponent(file.bucket.name)}/o/${encodeURIComponent(file.name)}`;
  const url = `${apiEndpoint}/storage/v1/${path}?alt=media`;
  // The SDK sends no credentials to an emulator either.
  const credentials = customEndpoint ? {} : await authClient.getRequestHeaders(url);
  const headers = { ...credentials, ...(range === undefined ? {} : { range }) };
  for (let attempt = 0; ; attempt++) {
    const wait = WAITS[attempt];
    try {
      const response = await fetch(url, { headers });
      if (response.ok)
        return response.body ? Readable.fromWeb(response.body as ReadableStream) : Readable.from([]);
      await response.body?.cancel();
      if (!BUSY.includes(response.status) || wait === undefined)
        throw Object.assign(new Error(`HTTP ${response.status}`), { code: response.status });
    } catch (error) {
      if (wait === undefined || (error as { code?: unknown }).code !== undefined) throw error;
    }
    await systemClock.sleep(wait);
  }
}
