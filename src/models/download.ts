import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EarshotError } from '../errors.ts';
import { systemClock, type Clock } from '../util/clock.ts';
import { sha256File } from '../util/hash.ts';
import type { InstalledFile } from './manifest.ts';
import type { ModelFile } from './model.ts';
import { Interrupted } from './request.ts';
import { discardPart, sizeOf, transfer, type Part } from './transfer.ts';

export interface DownloadOptions {
  /** Folder that gets the finished file under its catalogue name. */
  readonly folder: string;
  /** Folder for unfinished files; what an earlier try or process left there is resumed. */
  readonly parts: string;
  readonly baseUrl: string | null;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number, size: number | null) => void;
  readonly clock?: Clock;
}

/** Tries in a row that bring no new byte. */
const MAX_TRIES = 5;
/** A machine without a network shall find out soon. */
const MAX_TRIES_UNREACHABLE = 2;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Fetches one file, checks size and sha256, and resolves with what came and who vouches for it. Rejects with
 * `model_missing` (server out of reach), `download_failed`, `model_corrupt`, or the file system's own error.
 */
export async function downloadFile(file: ModelFile, options: DownloadOptions): Promise<InstalledFile> {
  await mkdir(options.folder, { recursive: true });
  await mkdir(options.parts, { recursive: true });
  const path = join(options.folder, file.name);
  const finished = await finishedEarlier(file, path, options);
  if (finished !== null) return finished;

  const part = join(options.parts, `${file.name}.part`);
  const resumed = await sizeOf(part);
  let source = await fetchPart(file, part, options);
  let sha256 = await sha256File(part, options.signal);
  if (resumed > 0 && !matches(file, source, sha256)) {
    // The old part may be of another version: once more from the start, before the source is blamed.
    await discardPart(part);
    source = await fetchPart(file, part, options);
    sha256 = await sha256File(part, options.signal);
  }
  if (!matches(file, source, sha256)) {
    await discardPart(part);
    throw new EarshotError(
      'model_corrupt',
      `${source.url}: expected sha256 ${file.sha256 ?? source.sha256}, got ${sha256}`,
      { hint: 'the file was changed at its source or on the way; it was not kept' },
    );
  }
  const pinned_by =
    file.sha256 !== null ? 'catalogue' : vouched(source, options) ? 'publisher' : 'first-pull';
  const done: InstalledFile = {
    name: file.name,
    url: file.url,
    bytes: await sizeOf(part),
    sha256,
    pinned_by,
  };
  await writeFile(finishedRecord(file, options), JSON.stringify(done));
  await rename(part, path);
  return done;
}

/** `https://host/a/b` from the mirror `https://mirror/models/` is `https://mirror/models/a/b`. */
export function mirrored(url: string, baseUrl: string | null): string {
  if (baseUrl === null) return url;
  const { pathname, search } = new URL(url);
  return `${baseUrl.replace(/\/+$/, '')}${pathname}${search}`;
}

/** Tries until the part is whole: any progress buys new tries, waits double, the server's Retry-After goes first. */
async function fetchPart(file: ModelFile, part: string, options: DownloadOptions): Promise<Part> {
  const clock = options.clock ?? systemClock;
  const url = mirrored(file.url, options.baseUrl);
  let furthest = await sizeOf(part);
  for (let tries = 1; ; tries++) {
    try {
      return await transfer(file, url, part, { ...options, fetch: options.fetch ?? fetch });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      const size = await sizeOf(part);
      if (size > furthest) {
        furthest = size;
        tries = 1;
      }
      if (error.unreachable && tries >= MAX_TRIES_UNREACHABLE)
        throw new EarshotError('model_missing', error.message, { cause: error });
      if (tries >= MAX_TRIES || (error.retryAfterMs ?? 0) > MAX_RETRY_AFTER_MS)
        throw new EarshotError('download_failed', error.message, { cause: error });
      const backoff = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
      await clock.sleep(error.retryAfterMs ?? backoff, options.signal);
    }
  }
}

const matches = (file: ModelFile, source: Part, sha256: string): boolean =>
  sha256 === (file.sha256 ?? source.sha256 ?? sha256);

/** A mirror's headers are good for finding broken transfers, but they are not the publisher's word. */
const vouched = (source: Part, options: DownloadOptions): boolean =>
  source.sha256 !== null && options.baseUrl === null;

const finishedRecord = (file: ModelFile, options: DownloadOptions): string =>
  join(options.parts, `${file.name}.json`);

/** A file that an earlier, interrupted pull of the model had already finished and checked. */
async function finishedEarlier(
  file: ModelFile,
  path: string,
  options: DownloadOptions,
): Promise<InstalledFile | null> {
  const text = await readFile(finishedRecord(file, options), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const record = JSON.parse(text) as InstalledFile;
    const current = (file.sha256 ?? record.sha256) === record.sha256 && (await sizeOf(path)) === record.bytes;
    return current ? record : null;
  } catch {
    await rm(finishedRecord(file, options), { force: true }); // its writer was killed half way
    return null;
  }
}
