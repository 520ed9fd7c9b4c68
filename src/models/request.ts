import { EarshotError } from '../errors.ts';
import { retryAfter } from '../util/retry-after.ts';

/** A try failed in a way that another try may mend. */
export class Interrupted extends Error {
  /** Milliseconds the server asked to wait, null where it did not. */
  readonly retryAfterMs: number | null;
  /** True when no server was reached at all. */
  readonly unreachable: boolean;

  constructor(
    message: string,
    options: { retryAfterMs?: number | null; unreachable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.unreachable = options.unreachable ?? false;
  }
}

export interface Answer {
  /** Status 200, 206 or 416. */
  readonly response: Response;
  /** sha256 from Hugging Face's X-Linked-ETag (of the redirect) or from an ETag that is one; null without. */
  readonly statedSha256: string | null;
  /** The next bytes of the body, null at its end. Rejects with Interrupted. */
  read(): Promise<Uint8Array | null>;
  /** Ends the transfer, finished or not. */
  close(): void;
}

const MAX_REDIRECTS = 10;
const IDLE_MS = 60_000;

/**
 * GETs a URL, following redirects by hand because the stated sha256 is in the headers of the first one. Plain http is
 * only reached where the first URL is (a mirror). A server silent for a minute counts as gone. Rejects with
 * Interrupted, or `download_failed` where the server refuses for good.
 */
export async function request(
  url: string,
  options: { fetch: typeof fetch; signal?: AbortSignal; headers: Record<string, string> },
): Promise<Answer> {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error(`no byte for ${IDLE_MS / 1000} s`)), IDLE_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, idle.signal]) : idle.signal;
  const close = (): void => {
    clearTimeout(timer);
    idle.abort();
  };
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const value = await work();
      timer.refresh();
      return value;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw interrupted(url, error);
    }
  };
  try {
    let statedSha256: string | null = null;
    let response: Response;
    let at = url;
    for (let redirects = 0; ; redirects++) {
      const init: RequestInit = { headers: options.headers, redirect: 'manual', signal };
      response = await attempt(() => options.fetch(at, init));
      statedSha256 ??= sha256Of(response);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) break;
      if (redirects === MAX_REDIRECTS) throw refused(url, `more than ${MAX_REDIRECTS} redirects`);
      await response.body?.cancel();
      at = new URL(location, at).href;
      if (url.startsWith('https:') && !at.startsWith('https:'))
        throw refused(url, `redirects to an address that is not https: ${new URL(at).host}`);
    }
    checkStatus(url, response);
    const reader = response.body?.getReader();
    return {
      response,
      statedSha256,
      read: () => attempt(async () => (await reader?.read())?.value ?? null),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function sha256Of(response: Response): string | null {
  const tag = response.headers.get('x-linked-etag') ?? response.headers.get('etag') ?? '';
  return /^"?([0-9a-f]{64})"?$/.exec(tag)?.[1] ?? null;
}

function checkStatus(url: string, response: Response): void {
  const { status } = response;
  if (status === 200 || status === 206 || status === 416) return;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfter(response.headers.get('retry-after'), Date.now());
    throw new Interrupted(`${url}: the server answered ${status}`, { retryAfterMs });
  }
  throw refused(url, `the server answered ${status}`);
}

/** What Node's fetch and its sockets call "there is no way to that server". */
const UNREACHABLE = /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

function interrupted(url: string, error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const why = cause instanceof Error ? cause.message || code : String(cause);
  return new Interrupted(`${url}: ${why}`, { unreachable: UNREACHABLE.test(code), cause: error });
}

const refused = (url: string, why: string): EarshotError =>
  new EarshotError('download_failed', `${url}: ${why}`);
