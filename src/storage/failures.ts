import { EarshotError } from '../errors.ts';

/** What was being done to which key, for messages; never a path or an address. */
export type Doing = 'read' | 'write' | 'remove' | 'list';

/** The error of a file system call as one of ours; EarshotErrors stay what they are. */
export function fileFailure(error: unknown, doing: Doing, key: string): EarshotError {
  if (error instanceof EarshotError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(key, error);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EarshotError('storage_unavailable', `may not ${doing} ${key} in the storage: ${code}`, {
        hint: 'give the user that Earshot runs as the right to read and write the storage folder',
        cause: error,
      });
    case 'EEXIST':
    case 'EISDIR':
    case 'ENOTDIR':
    case 'ENOTEMPTY':
      return new EarshotError('internal', `${key} or a part of it is both a key and a folder of keys`, {
        cause: error,
      });
    default:
      return new EarshotError('storage_failed', `could not ${doing} ${key} in the storage: ${code}`, {
        cause: error,
      });
  }
}

/** True when the file system says that there is no file of that path. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Answers of a bucket that do not get better by asking again. */
const REFUSALS = [400, 401, 403, 404];

/**
 * The error of a bucket's SDK as one of ours. `status` is the HTTP status of the answer; null when there was none: no
 * connection, or, where `retryable` is false, no credentials or region to ask with.
 */
export function bucketFailure(
  error: unknown,
  answer: { readonly status: number | null; readonly reason: string; readonly retryable: boolean },
  doing: Doing,
  key: string,
): EarshotError {
  if (error instanceof EarshotError) return error;
  const { status, reason, retryable } = answer;
  if (status === 507) return diskFull(key, error);
  const why = status === null ? reason : `${reason} (${status})`;
  if (!retryable || (status !== null && REFUSALS.includes(status)))
    return new EarshotError('storage_unavailable', `the bucket refused to ${doing} ${key}: ${why}`, {
      hint: "check the bucket's name, its region and the credentials, and that they may read, write, list and delete",
      cause: error,
    });
  return new EarshotError('storage_failed', `the bucket failed to ${doing} ${key}: ${why}`, { cause: error });
}

/** There is no such object. */
export function absent(key: string, cause?: unknown): EarshotError {
  return new EarshotError('not_found', `there is no ${key} in the storage`, { cause });
}

function diskFull(key: string, cause: unknown): EarshotError {
  return new EarshotError('disk_full', `no space left in the storage while writing ${key}`, {
    hint: 'free some space: remove finished jobs, or give the storage a larger disk',
    cause,
  });
}
