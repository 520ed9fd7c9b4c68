import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EarshotError } from '../errors.ts';
import { checkLiteralAddress, pinnedLookup } from './pinned-lookup.ts';

export interface FetchLimits {
  readonly maxBytes: number;
  /** Whether private networks and this machine may be reached. */
  readonly allowPrivate: boolean;
  /** Milliseconds without a byte after which the transfer is given up. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  /** Fraction done, where the server tells the size. */
  readonly onProgress?: (fraction: number) => void;
}

const MAX_REDIRECTS = 5;

/**
 * Fetches an http(s) URL into a file, as a stream. The address is checked on the very connection that is used (the
 * name's answer is pinned to it) and again after each redirect. Rejects with `address_refused`,
 * `recording_not_found` (404, 410, unknown host), `recording_unreachable` or `too_large`; the file is then removed.
 */
export async function fetchToFile(address: string, path: string, limits: FetchLimits): Promise<void> {
  let url = parseUrl(address);
  for (let redirects = 0; ; redirects++) {
    const response = await request(url, limits);
    const location = response.headers.location;
    if (location !== undefined && isRedirect(response.statusCode)) {
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw failed(url, `more than ${MAX_REDIRECTS} redirects`);
      url = parseUrl(new URL(location, url).href);
      continue;
    }
    if (response.statusCode !== 200) {
      response.destroy();
      throw refused(url, response.statusCode ?? 0);
    }
    return save(response, url, path, limits);
  }
}

/** The URL for messages and names: without user, password and query, which may hold secrets. */
export function publicUrl(address: string): string {
  if (!URL.canParse(address)) return 'the URL';
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}

function parseUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new EarshotError(
      'address_refused',
      `expected an http:// or https:// URL, got ${publicUrl(address)}`,
    );
  return url;
}

async function request(url: URL, limits: FetchLimits): Promise<IncomingMessage> {
  checkLiteralAddress(url, limits.allowPrivate);
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = client.get(url, {
      agent: false,
      lookup: pinnedLookup(url, limits.allowPrivate),
      headers: { 'user-agent': 'earshot', 'accept-encoding': 'identity' },
      ...(limits.signal ? { signal: limits.signal } : {}),
    });
    sent.setTimeout(limits.idleMs ?? 30_000, () => sent.destroy(failed(url, 'the server fell silent')));
    sent.once('response', resolve);
    sent.once('error', (error) => reject(requestError(url, error)));
  });
}

async function save(response: IncomingMessage, url: URL, path: string, limits: FetchLimits): Promise<void> {
  const total = Number(response.headers['content-length'] ?? NaN);
  let received = 0;
  const count = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      received += bytes.length;
      if (total > 0) limits.onProgress?.(Math.min(1, received / total));
      done(received > limits.maxBytes ? tooLarge(url, limits.maxBytes) : null, bytes);
    },
  });
  try {
    if (total > limits.maxBytes) throw tooLarge(url, limits.maxBytes);
    await pipeline(response, count, createWriteStream(path), limits.signal ? { signal: limits.signal } : {});
  } catch (error) {
    response.destroy();
    await rm(path, { force: true });
    throw requestError(url, error as Error);
  }
}

const isRedirect = (status: number | undefined): boolean => [301, 302, 303, 307, 308].includes(status ?? 0);

/** Errors of the network become ours; aborts and errors of the disk stay what they are. */
function requestError(url: URL, error: Error): Error {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (
    error instanceof EarshotError ||
    error.name === 'AbortError' ||
    syscall === 'write' ||
    syscall === 'open'
  )
    return error;
  if (code === 'ENOTFOUND')
    return new EarshotError('recording_not_found', `there is no host ${url.hostname}`, { cause: error });
  return new EarshotError('recording_unreachable', `${publicUrl(url.href)}: ${error.message}`, {
    cause: error,
  });
}

function refused(url: URL, status: number): EarshotError {
  const missing = status === 404 || status === 410;
  return new EarshotError(
    missing ? 'recording_not_found' : 'recording_unreachable',
    `${publicUrl(url.href)}: the server answered ${status}`,
  );
}

const failed = (url: URL, why: string): EarshotError =>
  new EarshotError('recording_unreachable', `${publicUrl(url.href)}: ${why}`);

const tooLarge = (url: URL, maxBytes: number): EarshotError =>
  new EarshotError('too_large', `${publicUrl(url.href)} is larger than ${Math.round(maxBytes / 1e6)} MB`, {
    hint: 'raise the limit with --max-download-mb',
  });
