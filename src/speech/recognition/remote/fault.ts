/**
 * Whose fault a failed call is. It decides what the pool does next:
 * - `chunk`: the worker understood and refused this chunk; it stays in service, another worker may have one try.
 * - `busy`: the worker asked for a pause (429, or 503 with Retry-After); nobody is to blame.
 * - `absent`: nobody listens at the address, and nothing says that somebody will (presence.ts); otherwise as `down`.
 * - `down`: the worker could not be reached or is not serving; the chunk was not touched, so it costs it no try.
 * - `broken`: the worker took the chunk and failed on it (500, connection lost, too slow, nonsense): costs the chunk a try.
 * - `refused`: the worker does not accept our credentials; it is out of service for good.
 */
export type FaultKind = 'chunk' | 'busy' | 'absent' | 'down' | 'broken' | 'refused';

/** Why one call of one worker gave no words. The message names the worker and holds no secret. */
export class WorkerFault extends Error {
  override readonly name = 'WorkerFault';
  readonly kind: FaultKind;
  /** Milliseconds the worker asked to be left alone, or null. */
  readonly retryAfterMs: number | null;

  constructor(
    kind: FaultKind,
    message: string,
    options: { retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Whose fault an answer with this HTTP status is; `paused` says whether it came with a Retry-After. */
export function faultOfStatus(status: number, paused: boolean): FaultKind {
  if (status === 401 || status === 403) return 'refused';
  if (status === 429 || (status === 503 && paused)) return 'busy';
  if (status === 400 || status === 413 || status === 415 || status === 422) return 'chunk';
  if (status === 500) return 'broken';
  return 'down'; // 404 and 405 of a server that is starting, 408, 502, 503, 504, redirects
}
