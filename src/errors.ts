/**
 * Every error Earshot raises on purpose is one row of `ERRORS`: its code decides the exit code, the HTTP status and
 * whether trying again can help. docs/reference/errors.md is generated from this table and a test holds both
 * against the code.
 */

/** What a class of errors means to a shell, to an HTTP client and to a retry loop. */
export interface ErrorKind {
  readonly exitCode: 1 | 2 | 3 | 130;
  readonly httpStatus: number;
  readonly retryable: boolean;
  readonly meaning: string;
}

const input = { exitCode: 1, httpStatus: 422, retryable: false } as const;
const usage = { exitCode: 2, httpStatus: 400, retryable: false } as const;
const missing = { exitCode: 3, httpStatus: 503, retryable: false } as const;
const failure = { exitCode: 1, httpStatus: 500, retryable: true } as const;

export const ERRORS = {
  recording_not_found: {
    ...input,
    httpStatus: 404,
    meaning: 'The file, folder, pattern or URL names nothing that exists.',
  },
  recording_unreadable: {
    ...input,
    meaning: 'ffmpeg cannot make sense of the bytes: not media, truncated before any audio, or corrupt.',
  },
  recording_unreachable: {
    ...failure,
    httpStatus: 502,
    meaning: 'The server of a URL could not be reached, refused the recording, or ended the download early.',
  },
  recording_empty: { ...input, meaning: 'The input has zero bytes.' },
  recording_no_audio: { ...input, meaning: 'The media is readable but holds no audio stream.' },
  transcript_invalid: { ...input, meaning: 'The JSON is not an earshot.transcript/1 document.' },
  output_exists: {
    ...input,
    httpStatus: 409,
    meaning: 'A result is already there and --overwrite was not given.',
  },
  output_unwritable: {
    ...input,
    httpStatus: 500,
    meaning: 'The output folder cannot be written: permissions or a read-only file system.',
  },
  disk_full: {
    ...failure,
    httpStatus: 507,
    meaning: 'No space, or too little, is left where files are kept; what was finished is kept.',
  },
  locked: {
    ...failure,
    httpStatus: 409,
    meaning: 'Another Earshot process is working on the same output or folder.',
  },
  usage: { ...usage, meaning: 'A command, flag or argument is wrong.' },
  config_invalid: {
    ...usage,
    meaning: 'One or more settings in the file, the environment or the flags are wrong; all are listed.',
  },
  request_invalid: {
    ...usage,
    meaning:
      "An HTTP request is malformed; on OpenAI's routes also: a field of it is missing, unknown or wrong.",
  },
  field_invalid: {
    ...usage,
    httpStatus: 422,
    meaning: 'A well-formed HTTP request has a field or parameter that is missing, unknown or wrong.',
  },
  method_not_allowed: {
    ...usage,
    httpStatus: 405,
    meaning: 'The path exists, but not with this HTTP method; Allow names those that it has.',
  },
  request_timeout: {
    ...failure,
    httpStatus: 408,
    meaning: 'The client sent nothing more of its request for too long.',
  },
  headers_too_large: { ...usage, httpStatus: 431, meaning: 'The headers of an HTTP request are too large.' },
  reference_invalid: {
    ...usage,
    meaning: 'The audio that is to introduce a known speaker is no audio, or too short or too long.',
  },
  ffmpeg_missing: { ...missing, meaning: 'ffmpeg or ffprobe is not installed.' },
  engine_unavailable: { ...missing, meaning: 'The engine asked for is not installed on this machine.' },
  engine_failed: {
    ...failure,
    meaning: 'An engine ended with an error or answered something it should not.',
  },
  language_unsupported: { ...usage, meaning: 'The engine or model does not know the language asked for.' },
  model_unknown: { ...usage, meaning: 'The catalogue has no model of that name.' },
  model_missing: { ...missing, meaning: 'The model is not on this machine and could not be pulled.' },
  model_corrupt: {
    ...missing,
    meaning: 'A model file does not have the size or sha256 that the catalogue states.',
  },
  download_failed: {
    ...failure,
    exitCode: 3,
    httpStatus: 502,
    meaning: 'The download of a model ended early or the server refused it.',
  },
  worker_failed: {
    ...failure,
    httpStatus: 502,
    meaning: 'Every remote worker failed the chunk, or none could be reached.',
  },
  address_refused: {
    ...input,
    httpStatus: 400,
    meaning: 'A URL points at a private network and that was not allowed, or is none that can be fetched.',
  },
  unauthorized: { ...usage, httpStatus: 401, meaning: 'The API key or identity token is missing or wrong.' },
  forbidden: { ...usage, httpStatus: 403, meaning: 'The key is right, but its scopes do not allow this.' },
  identity_unavailable: {
    ...failure,
    httpStatus: 503,
    meaning: 'The keys of the identity provider could not be fetched, so its tokens cannot be checked.',
  },
  not_found: { ...usage, httpStatus: 404, meaning: 'The route or the thing asked for does not exist.' },
  too_large: { ...input, httpStatus: 413, meaning: 'The upload is larger than the limit.' },
  media_type_unsupported: {
    ...usage,
    httpStatus: 415,
    meaning: 'The body of an HTTP request has a content type that the route does not take.',
  },
  expectation_unsupported: {
    ...usage,
    httpStatus: 417,
    meaning: 'The Expect header of an HTTP request asks for something other than 100-continue.',
  },
  overloaded: {
    ...failure,
    httpStatus: 429,
    meaning: 'The server has as many requests at hand as it takes; Retry-After says when to come back.',
  },
  rate_limited: {
    ...failure,
    httpStatus: 429,
    meaning:
      'More requests than the key may send, or too many wrong keys; Retry-After says when to come back.',
  },
  quota_exceeded: {
    ...failure,
    httpStatus: 429,
    meaning: 'The key has as many jobs queued as it may have; more can come when some have ended.',
  },
  storage_full: {
    ...usage,
    httpStatus: 507,
    meaning: 'The key would keep more bytes on the server than it may; deleting finished jobs makes room.',
  },
  webhook_unverified: {
    ...usage,
    meaning: 'A webhook is not signed with the secret given, is too old, or was changed on its way.',
  },
  server_unreachable: {
    ...failure,
    exitCode: 3,
    httpStatus: 502,
    meaning: 'The Earshot server of a client could not be reached, or what answers there is none.',
  },
  draining: { ...failure, httpStatus: 503, meaning: 'The server is shutting down and takes no new work.' },
  database_unavailable: {
    ...missing,
    retryable: true,
    meaning: 'The database cannot be reached; accepted jobs are safe and go on when it is back.',
  },
  job_state: {
    ...usage,
    httpStatus: 409,
    meaning: 'The job is in a state that does not allow this.',
  },
  upload_state: {
    ...usage,
    httpStatus: 409,
    meaning: 'A resumable upload is at another offset, not finished, or was used for a job already.',
  },
  version_unsupported: {
    ...usage,
    httpStatus: 412,
    meaning: 'A resumable upload does not say that it is of the version of the protocol that is spoken here.',
  },
  idempotency_mismatch: {
    ...usage,
    httpStatus: 422,
    meaning: 'An Idempotency-Key was used again for a request with another content or other options.',
  },
  worker_lost: {
    ...failure,
    retryable: false,
    meaning: 'A step of the job took its worker down, or kept it silent, again and again.',
  },
  cancelled: {
    exitCode: 130,
    httpStatus: 499,
    retryable: false,
    meaning: 'The run was cancelled; finished chunks are kept and the run can be resumed.',
  },
  storage_unavailable: {
    ...missing,
    meaning:
      'The storage cannot be used: its package is not installed, or the folder or bucket refuses. Asking again does not help.',
  },
  storage_failed: {
    ...failure,
    httpStatus: 503,
    meaning: 'The storage failed or could not be reached; trying again can help.',
  },
  internal: { ...failure, meaning: 'A defect in Earshot itself.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * The one error class. `message` says what was expected and what came; `hint` is the way out (a command or a setting),
 * or null. `retryAfterSeconds` is when trying again makes sense (whole seconds), or null where nothing better than a guess
 * is known. `isFinal`: it would be the same again, though others of its class may pass. The original error, where there is
 * one, is kept as `cause`.
 */
export class EarshotError extends Error {
  override readonly name = 'EarshotError';
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly retryAfterSeconds: number | null;
  readonly isFinal: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; retryAfterSeconds?: number; isFinal?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.isFinal = options.isFinal ?? false;
  }

  get kind(): ErrorKind {
    const kind: ErrorKind = ERRORS[this.code];
    return this.isFinal ? { ...kind, retryable: false } : kind;
  }
}

/** The same error as an EarshotError; anything unknown becomes `cancelled` (aborts), `disk_full`, `output_unwritable` or `internal`. */
export function toEarshotError(error: unknown): EarshotError {
  if (error instanceof EarshotError) return error;
  if (error instanceof Error) {
    if (error.name === 'AbortError') return new EarshotError('cancelled', 'cancelled', { cause: error });
    const system = (error as NodeJS.ErrnoException).code;
    const path = (error as NodeJS.ErrnoException).path ?? 'the output';
    if (system === 'ENOSPC' || system === 'EDQUOT')
      return new EarshotError('disk_full', `no space left on the device while writing ${path}`, {
        hint: 'free some space and run the same command again: finished chunks are kept',
        cause: error,
      });
    if (system === 'EACCES' || system === 'EROFS' || system === 'EPERM')
      return new EarshotError('output_unwritable', `cannot write ${path}: ${system}`, {
        hint: 'choose another folder with --out',
        cause: error,
      });
    return new EarshotError('internal', error.message, { cause: error });
  }
  return new EarshotError('internal', String(error));
}
