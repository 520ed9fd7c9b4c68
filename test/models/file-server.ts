import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import type { Model } from '../../src/models/model.ts';
import type { Clock } from '../../src/util/clock.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FileServer {
  readonly url: string;
  /** "GET path range" of every request so far. */
  readonly seen: string[];
  /** Answers for the next requests, in order; then files are served. */
  readonly script: Answer[];
}

/** A local server of made-up files, with Range and If-Range unless `ranges` is false. */
export async function serveFiles(
  files: Readonly<Record<string, Buffer>>,
  { ranges = true }: { ranges?: boolean } = {},
): Promise<FileServer> {
  const seen: string[] = [];
  const script: Answer[] = [];
  const server = createServer((request, response) => {
    seen.push([request.method, request.url, request.headers.range].filter(Boolean).join(' '));
    const scripted = script.shift();
    if (scripted) return scripted(request, response);
    const body = files[request.url ?? ''];
    if (body === undefined) return response.writeHead(404).end();
    serve(request, response, body, ranges);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, script };
}

function serve(request: IncomingMessage, response: ServerResponse, body: Buffer, ranges: boolean): void {
  const etag = etagOf(body);
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const condition = request.headers['if-range'];
  const partial = ranges && start > 0 && (condition === undefined || condition === etag);
  const rest = partial ? body.subarray(start) : body;
  response.writeHead(partial ? 206 : 200, {
    'content-length': rest.length,
    ...(ranges && { etag, 'accept-ranges': 'bytes' }),
    ...(partial && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
  });
  response.end(rest);
}

/** Announces the whole body and sends `bytes` of it; `cut` then ends the connection, when the client has read them. */
export function holdAfter(
  body: Buffer,
  bytes: number,
  etag = etagOf(body),
): { readonly answer: Answer; cut(): void } {
  let held: ServerResponse | null = null;
  return {
    answer: (_request, response) => {
      held = response;
      response.writeHead(200, { 'content-length': body.length, etag });
      response.write(body.subarray(0, bytes));
    },
    cut: () => void held?.destroy(),
  };
}

/** Announces the whole body and closes the connection before any of it. */
export const truncated =
  (body: Buffer): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-length': body.length });
    response.flushHeaders();
    response.destroy();
  };

const etagOf = (body: Buffer): string => `"v-${sha256(body).slice(0, 12)}"`;

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end();

export const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** A port of this machine on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A made-up model of these files, on a host that does not exist: tests reach it through a mirror. */
export function madeUp(name: string, files: Readonly<Record<string, Buffer>>): Model {
  return {
    name,
    tasks: ['vad'],
    engine: { family: 'sherpa', kind: 'silero-vad' },
    files: Object.entries(files).map(([file, body]) => ({
      name: file,
      url: `https://publisher.invalid/${name}/${file}`,
      bytes: body.length,
      sha256: sha256(body),
    })),
    licence: 'MIT',
    languages: [],
    source: 'https://publisher.invalid/',
    description: 'made up',
  };
}

/** A clock whose sleeps are over at once and are written down. */
export function quickClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => Date.UTC(2026, 0, 1),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
