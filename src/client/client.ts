import { type Clock, systemClock } from '../util/clock.ts';
import { EarshotApiError } from './error.ts';
import { Jobs } from './jobs.ts';
import { Transport } from './transport.ts';
import { Uploads } from './uploads.ts';

export interface ClientOptions {
  /** Address of the server, such as http://127.0.0.1:8001. */
  readonly url: string;
  /** API key or identity token; a server of this machine may ask for none. */
  readonly apiKey?: string | null;
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch;
  /** Times that a request is sent again after 429, 5xx or a broken connection. Default: 5. */
  readonly maxRetries?: number;
  readonly clock?: Clock;
}

const MAX_RETRIES = 5;

/** An Earshot server, over nothing but fetch. */
export class EarshotClient {
  readonly jobs: Jobs;
  readonly uploads: Uploads;
  readonly #transport: Transport;

  /** Throws `usage` for a `url` that is no http(s) address. */
  constructor({ url, apiKey = null, fetch = globalThis.fetch, maxRetries, clock }: ClientOptions) {
    const transport = new Transport({
      url,
      apiKey,
      fetch,
      maxRetries: maxRetries ?? MAX_RETRIES,
      clock: clock ?? systemClock,
    });
    this.jobs = new Jobs(transport);
    this.uploads = new Uploads(transport);
    this.#transport = transport;
  }

  /** Resolves when a server answers at the address, whatever the key. Rejects with `server_unreachable`, soon. */
  async reach({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const request = { method: 'GET', path: '/health/live', repeat: 'never', signal } as const;
    await this.#transport.send(request).catch((cause: unknown) => {
      if (!(cause instanceof EarshotApiError) || cause.code === 'server_unreachable') throw cause;
      const { status } = cause;
      const message = `what answers at ${this.#transport.address('').href} is no Earshot server (${status})`;
      throw new EarshotApiError('server_unreachable', message, { status, cause });
    });
  }
}
