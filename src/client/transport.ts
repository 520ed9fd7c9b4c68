import { EarshotError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';
import { EarshotApiError, errorOf, unreachable } from './error.ts';
import { pauseBefore } from './retrying.ts';

/** How requests get to the server. */
export interface TransportOptions {
  readonly url: string;
  readonly apiKey: string | null;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Times that a request which failed for the moment is sent again. */
  readonly maxRetries: number;
}

/**
 * When a request is sent again: whenever it failed for the moment; only when the server refused it (without an answer it
 * may have been carried out, and must not be twice); or never, where its body cannot be had again.
 */
export type Repeat = 'always' | 'refused' | 'never';

/** Statuses of requests that were not carried out. */
const REFUSED = new Set<number | null>([429, 503]);

/** One request. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'HEAD' | 'DELETE';
  /** Below the server's address, or an address as the server gave it. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the body, anew for each try. */
  readonly body?: () => NonNullable<RequestInit['body']>;
  readonly repeat: Repeat;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests with the key, tries again what failed for the moment, and makes errors of answers that are errors. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #base: URL;

  /** Throws `usage` for an address that is none. */
  constructor(options: TransportOptions) {
    if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol))
      throw new EarshotError(
        'usage',
        `expected the http:// or https:// address of a server, got ${options.url}`,
      );
    this.#options = options;
    this.#base = new URL(options.url.replace(/\/*$/, '/'));
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get maxRetries(): number {
    return this.#options.maxRetries;
  }

  /** Where something is that the server named by path or address. */
  address(path: string): URL {
    if (/^https?:/i.test(path)) return new URL(path);
    return new URL(path.replace(/^\//, ''), this.#base);
  }

  /** The answer, which is 2xx. Rejects with an EarshotApiError, or with the signal's reason. */
  async send(request: Request): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(request);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!mayRepeat(request, error) || attempt > this.maxRetries) throw error;
        await this.clock.sleep(pauseBefore(attempt, error.retryAfterSeconds), request.signal);
      }
    }
  }

  /** The JSON of the answer; an answer that breaks off is asked for again as one that does not come. */
  async json<T>(request: Request): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.send(request);
      try {
        return (await response.json()) as T;
      } catch (cause) {
        request.signal?.throwIfAborted();
        const error = unreachable(response.url, cause);
        if (request.repeat !== 'always' || attempt > this.maxRetries) throw error;
        await this.clock.sleep(pauseBefore(attempt, null), request.signal);
      }
    }
  }

  async #once({ method, path, query, headers, body, signal }: Request): Promise<Response> {
    signal?.throwIfAborted();
    const { apiKey, fetch } = this.#options;
    const url = this.address(path);
    for (const [name, value] of Object.entries(query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    // A key is for the server that it was given for, wherever an answer points.
    const isOurs = url.origin === this.#base.origin;
    const response = await fetch(url, {
      method,
      headers: { ...(apiKey === null || !isOurs ? {} : { authorization: `Bearer ${apiKey}` }), ...headers },
      ...(body === undefined ? {} : { body: body(), duplex: 'half' }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw unreachable(isOurs ? this.#base.href : url.href, error);
    });
    if (response.ok) return response;
    throw await errorOf(response, this.clock.now());
  }
}

function mayRepeat({ repeat }: Request, error: unknown): error is EarshotApiError {
  if (!(error instanceof EarshotApiError) || !error.isRetryable) return false;
  return repeat === 'always' || (repeat === 'refused' && REFUSED.has(error.status));
}

/** A JSON body. */
export const jsonBody = (
  value: unknown,
): { readonly headers: Record<string, string>; readonly body: () => string } => ({
  headers: { 'content-type': 'application/json' },
  body: () => JSON.stringify(value),
});
