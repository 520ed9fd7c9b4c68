import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** One object of an in-memory bucket. */
export interface Held {
  readonly body: Buffer;
  readonly at: Date;
  readonly generation: number;
}

/** Keys and bytes in memory, listed in the order of keys. */
export class MemoryBucket {
  readonly #objects = new Map<string, Held>();
  #generation = 1_700_000_000_000_000;

  put(key: string, body: Buffer): Held {
    const held = { body, at: new Date(), generation: ++this.#generation };
    this.#objects.set(key, held);
    return held;
  }

  get(key: string): Held | undefined {
    return this.#objects.get(key);
  }

  delete(key: string): boolean {
    return this.#objects.delete(key);
  }

  /** A page of keys after `after`, and whether more follow. */
  page(prefix: string, after: string, most: number): { keys: string[]; more: boolean } {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    return { keys: keys.slice(0, most), more: keys.length > most };
  }
}

/** A request, read to its end. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** What a test can have go wrong: answers in place of the server's own, or bodies cut off after so many bytes. */
export interface Trouble {
  instead: ((asked: Asked) => Answer | null) | null;
  cutAfter: number | null;
}

/** Serves `answer` on a port of this machine's; everything that was asked is kept, without bodies, in `log`. */
export async function serve(answer: (asked: Asked) => Answer): Promise<{
  readonly url: string;
  readonly log: string[];
  readonly trouble: Trouble;
  close(): Promise<void>;
}> {
  const log: string[] = [];
  const trouble: Trouble = { instead: null, cutAfter: null };
  const server = createServer((request, response) => {
    void read(request).then(
      (asked) => {
        log.push(`${asked.method} ${request.url ?? ''} ${asked.body.length}`);
        write(response, asked, trouble.instead?.(asked) ?? answer(asked), trouble.cutAfter);
      },
      () => response.destroy(), // the client broke off
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, log, trouble, close: () => stop(server) };
}

/** The part of `body` that a Range header asks for, as HTTP has it: 200, 206 or 416. */
export function ranged(body: Buffer, range: string | undefined): Answer {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  if (match === null) return { status: 200, body };
  const start = Number(match[1]);
  const last = Math.min(match[2] === '' ? Infinity : Number(match[2]), body.length - 1);
  if (start >= body.length) return { status: 416, headers: { 'content-range': `bytes */${body.length}` } };
  const headers = { 'content-range': `bytes ${start}-${last}/${body.length}` };
  return { status: 206, headers, body: body.subarray(start, last + 1) };
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
  const { method = '', headers } = request;
  return {
    method,
    path: decodeURIComponent(pathname),
    query: searchParams,
    headers,
    body: Buffer.concat(chunks),
  };
}

function write(response: ServerResponse, asked: Asked, answer: Answer, cutAfter: number | null): void {
  const body = Buffer.from(answer.body ?? '');
  response.writeHead(answer.status, { 'content-length': body.length, ...answer.headers });
  if (asked.method === 'HEAD') response.end();
  else if (cutAfter !== null && body.length > cutAfter)
    response.write(body.subarray(0, cutAfter), () => response.destroy());
  else response.end(body);
}

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
