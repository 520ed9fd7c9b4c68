import { fileURLToPath } from 'node:url';
import { EarshotError } from '../errors.ts';
import { suggest } from '../util/suggest.ts';
import { openFileStorage } from './file.ts';
import { openGoogleStorage } from './gs.ts';
import { openS3Storage } from './s3.ts';
import type { Storage } from './storage.ts';

export type { ByteRange, PutOptions, Storage, StoredObject, Written } from './storage.ts';

interface Scheme {
  readonly example: string;
  open(url: string): Promise<Storage>;
}

/** Where objects can be kept, by the URL's scheme. */
export const SCHEMES: Readonly<Record<string, Scheme>> = {
  file: { example: '/folder or file:///folder', open: (url) => openFileStorage(folderOf(url)) },
  gs: { example: 'gs://bucket/prefix', open: (url) => openGoogleStorage(...bucketOf(url)) },
  s3: { example: 's3://bucket/prefix', open: (url) => openS3Storage(...bucketOf(url)) },
};

/**
 * Opens the storage that a path or URL names and looks whether it can be used. Rejects `usage` for an address that is
 * none, `storage_unavailable` or `storage_failed` as `Storage` says.
 */
export async function openStorage(url: string): Promise<Storage> {
  // A scheme has two letters or more: C:\ is a path.
  const name = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  if (name === undefined) return openFileStorage(url);
  const scheme = SCHEMES[name];
  if (scheme !== undefined) return scheme.open(url);
  const near = suggest(name, Object.keys(SCHEMES));
  throw new EarshotError('usage', `${name}: is no storage that Earshot knows`, {
    hint: `${near === null ? '' : `did you mean ${near}:? `}choose ${Object.values(SCHEMES)
      .map(({ example }) => example)
      .join(', ')}`,
  });
}

/**
 * Opens a bucket (gs: or s3:) whose objects others have named: keys may be any names. Rejects as `openStorage` does, and
 * `usage` for what is no bucket.
 */
export async function openBucket(url: string): Promise<Storage> {
  const anyName = (): void => undefined;
  if (/^gs:/i.test(url)) return openGoogleStorage(...bucketOf(url), anyName);
  if (/^s3:/i.test(url)) return openS3Storage(...bucketOf(url), anyName);
  throw new EarshotError('usage', `expected a gs:// or s3:// address, got ${url}`);
}

function folderOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new EarshotError('usage', `expected an absolute path in the storage address, not ${url}`, {
      hint: 'write it as file:///folder',
      cause,
    });
  }
}

/** Names as both providers allow them; the prefix without empty segments, '' or ending with '/'. */
function bucketOf(url: string): [bucket: string, prefix: string] {
  const match = /^[a-z0-9]+:\/\/([a-z0-9][a-z0-9._-]+)((?:\/[\w.-]+)*)\/?$/i.exec(url);
  const [, bucket, path] = match ?? [];
  if (bucket === undefined || path === undefined || /\/\.\.?(\/|$)/.test(path) || path.length > 200)
    throw new EarshotError('usage', `expected a bucket and a prefix in the storage address, not ${url}`, {
      hint: 'write it as gs://bucket/prefix or s3://bucket/prefix',
    });
  return [bucket, path === '' ? '' : `${path.slice(1)}/`];
}
