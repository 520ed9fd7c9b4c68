import { EarshotError } from '../errors.ts';
import type { ByteRange } from './storage.ts';

/** Throws for what is no key of a storage. */
export type CheckKey = (key: string) => void;

const SEGMENT = /^[a-z0-9][a-z0-9._-]{0,199}$/;
/** Object stores take 1,024 bytes; what is left is for the prefix of a storage. */
const LONGEST = 800;

/** Throws `internal` unless `key` is one of ours. Lower case only, so that file systems which fold case keep keys apart. */
export function assertKey(key: string): void {
  const segments = key.split('/');
  if (key.length > LONGEST || !segments.every((segment) => SEGMENT.test(segment)))
    throw new EarshotError('internal', `${JSON.stringify(key)} is no storage key: segments of [a-z0-9._-]`);
}

/** Throws `internal` unless `prefix` can begin a key: whole segments, and a last one that may be cut off. '' is fine. */
export function assertPrefix(prefix: string): void {
  if (prefix !== '') assertKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** Throws `internal` unless `prefix` is a key and '/'. */
export function assertFolderPrefix(prefix: string): void {
  if (!prefix.endsWith('/'))
    throw new EarshotError('internal', `expected a prefix that ends with '/', not ${JSON.stringify(prefix)}`);
  assertKey(prefix.slice(0, -1));
}

/** Throws `internal` unless the range is of whole numbers, 0 <= start <= end. */
export function assertRange(range: ByteRange | undefined): void {
  if (range === undefined) return;
  const { start, end = start } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new EarshotError('internal', `${start} to ${end} is no range of bytes`);
}
