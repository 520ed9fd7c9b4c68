import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { EarshotError } from '../errors.ts';
import type { ModelFile } from './model.ts';
import { Interrupted, request } from './request.ts';

/** The part of a file that is here, and what its server said of it. */
export interface Part {
  readonly url: string;
  /** Strong ETag or Last-Modified for If-Range; null: the server gave none. */
  readonly validator: string | null;
  readonly size: number | null;
  /** The sha256 that Hugging Face states in its headers, null elsewhere. */
  readonly sha256: string | null;
}

export interface TransferOptions {
  readonly fetch: typeof fetch;
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number, size: number | null) => void;
}

/**
 * One try at fetching what is missing of `path`. An earlier part is continued where the catalogue's sha256 will
 * prove that it is of the same file, or where the server does (If-Range); otherwise it starts anew. Rejects with
 * `Interrupted` where another try can help, `download_failed` or `model_corrupt` where not.
 */
export async function transfer(
  file: ModelFile,
  url: string,
  path: string,
  options: TransferOptions,
): Promise<Part> {
  const before = await readPart(path);
  const known = before?.url === url ? before : null;
  const here = await sizeOf(path);
  const validator = known?.validator ?? null;
  const offset = validator !== null || file.sha256 !== null ? here : 0;
  const size = file.bytes ?? known?.size ?? null;
  if (known !== null && here > 0 && here === size) return known;

  const answer = await request(url, {
    ...options,
    headers: {
      'accept-encoding': 'identity',
      'user-agent': 'earshot',
      ...(offset > 0 && { range: `bytes=${offset}-` }),
      // Not with a known sha256: content networks name the same bytes differently from host to host.
      ...(offset > 0 && file.sha256 === null && validator !== null && { 'if-range': validator }),
    },
  });
  const { response } = answer;
  if (response.status === 416 || (response.status === 206 && rangeStart(response) !== offset)) {
    answer.close();
    await rm(path, { force: true });
    throw new Interrupted(`${url}: the server answered another part than the one asked for`);
  }
  const from = response.status === 206 ? offset : 0;
  const part: Part = {
    url,
    validator: validatorOf(response),
    size: totalSize(response, from),
    sha256: answer.statedSha256,
  };
  if (file.bytes !== null && part.size !== null && part.size !== file.bytes) {
    answer.close();
    throw wrongSize(url, file.bytes, part.size);
  }
  await writeFile(partRecord(path), JSON.stringify(part));
  await receive(answer.read, path, from, (bytes) => {
    const expected = file.bytes ?? part.size;
    if (expected !== null && bytes > expected) throw wrongSize(url, expected, bytes);
    options.onProgress?.(bytes, expected);
  }).finally(answer.close);
  const got = await sizeOf(path);
  const expected = file.bytes ?? part.size;
  if (expected !== null && got < expected)
    throw new Interrupted(`${url}: ended after ${got} of ${expected} bytes`);
  return part;
}

/** Forgets a part: it is of no use. */
export async function discardPart(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(partRecord(path), { force: true });
}

/** Bytes of the file, 0 when it does not exist. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

const partRecord = (path: string): string => `${path}.json`;

async function readPart(path: string): Promise<Part | null> {
  try {
    return JSON.parse(await readFile(partRecord(path), 'utf8')) as Part;
  } catch {
    return null; // none yet, or its writer was killed half way: the download starts anew
  }
}

/** Appends the body after `from` bytes; `onBytes` gets the bytes that the file then has. */
async function receive(
  read: () => Promise<Uint8Array | null>,
  path: string,
  from: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const out = await open(path, from > 0 ? 'a' : 'w');
  try {
    let bytes = from;
    for (let chunk = await read(); chunk !== null; chunk = await read()) {
      await out.writeFile(chunk);
      bytes += chunk.length;
      onBytes(bytes);
    }
    await out.sync();
  } finally {
    await out.close();
  }
}

function rangeStart(response: Response): number | null {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? null : Number(start);
}

function totalSize(response: Response, from: number): number | null {
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (total !== undefined) return Number(total);
  const length = response.headers.get('content-length');
  return length === null ? null : from + Number(length);
}

function validatorOf(response: Response): string | null {
  const etag = response.headers.get('etag');
  return etag !== null && !etag.startsWith('W/') ? etag : response.headers.get('last-modified');
}

function wrongSize(url: string, expected: number, got: number): EarshotError {
  return new EarshotError('model_corrupt', `${url}: expected ${expected} bytes, the server sends ${got}`, {
    hint: 'the file was changed at its source or on the way; it was not kept',
  });
}
