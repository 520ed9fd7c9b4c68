import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { RecognitionOptions, Recognizer } from '../../../../src/speech/recognition/recognition.ts';
import { type RemoteDependencies, remoteEngine } from '../../../../src/speech/recognition/remote/index.ts';
import type { PoolSettings } from '../../../../src/speech/recognition/remote/pool.ts';
import { type Clock, systemClock } from '../../../../src/util/clock.ts';

/** What a server got. `chunk` is the number that the test wrote into the samples. */
export interface Got {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly chunk: number;
}

export type Behaviour = (got: Got, response: http.ServerResponse, count: number) => void | Promise<void>;

/** A recogniser on a real socket. `behave` answers chunks; pings get 200 and are kept apart. */
export interface FakeWorker {
  readonly url: string;
  readonly got: Got[];
  readonly pings: Got[];
  readonly sockets: ReadonlySet<Socket>;
  /** Stops it as a crash would; `restart` listens on the same port again. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

export async function worker(t: TestContext, behave: Behaviour = answer): Promise<FakeWorker> {
  const got: Got[] = [];
  const pings: Got[] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('error', () => undefined);
    request.on('end', () => {
      const bytes = Buffer.concat(parts);
      const seen: Got = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: bytes.toString('latin1'),
        chunk: chunkOf(bytes),
      };
      (request.method === 'POST' ? got : pings).push(seen);
      if (request.method === 'POST') void behave(seen, response, got.length);
      else response.end('{}');
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  t.after(() => (server.listening ? stop() : undefined));
  return { url: `http://127.0.0.1:${port}`, got, pings, sockets, stop, restart: () => listen(port) };
}

/** The chunk's number, from the first sample behind the WAV header. */
function chunkOf(body: Buffer): number {
  const at = body.indexOf('data', body.indexOf('RIFF'));
  return at < 0 ? -1 : body.readInt16LE(at + 8);
}

/** A chunk of `seconds` that carries its number. */
export function chunk(index: number, seconds = 0.1): { samples: Float32Array; start: number } {
  const samples = new Float32Array(Math.round(seconds * 16_000));
  samples[0] = index / 32_768;
  return { samples, start: index * 10 };
}

/** Answers with the chunk's own word. */
export const answer: Behaviour = (got, response) => json(response, 200, said(got.chunk));

export const said = (index: number) => ({
  task: 'transcribe',
  language: 'english',
  duration: 0.1,
  text: `w${index}`,
  words: [{ word: `w${index}`, start: 0.01, end: 0.05 }],
});

export function json(
  response: http.ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A clock that runs `factor` times as fast, so that minutes of backoff pass in a moment. */
export function fastClock(factor: number): Clock {
  const began = Date.now();
  return {
    now: () => began + (Date.now() - began) * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}

/** Nothing is overdue unless a test says so. */
export const CALM: PoolSettings = {
  breaker: { threshold: 3, baseMs: 500, maxMs: 30_000 },
  hedgeFactor: 1e6,
  hedgeMinMs: 1e9,
  firstAnswerMs: 1e9,
  callMs: 1e9,
  patienceMs: 1e9,
};

/** An open pool over these addresses, on a fast clock, and what it told people. Closed with the test. */
export async function open(
  t: TestContext,
  workers: readonly string[],
  changes: Partial<RemoteDependencies> & { model?: string | null } = {},
): Promise<Recognizer & { notices: string[]; hear(index: number, signal?: AbortSignal): Promise<string> }> {
  const notices: string[] = [];
  const { model = null, ...dependencies } = changes;
  const options: RecognitionOptions = {
    model,
    language: 'auto',
    task: 'transcribe',
    jobs: null,
    pull: false,
    modelsDir: '',
    workers,
    scratchDir: '',
    onNotice: (line) => notices.push(line),
  };
  const engine = remoteEngine({
    env: {},
    clock: fastClock(1000),
    random: () => 0.5,
    pool: CALM,
    ...dependencies,
  });
  const recognizer = await engine.open(options);
  t.after(() => recognizer.close());
  return Object.assign(recognizer, {
    notices,
    async hear(index: number, signal?: AbortSignal): Promise<string> {
      const request = { language: 'auto', task: 'transcribe', ...(signal ? { signal } : {}) } as const;
      const { words } = await recognizer.recognize(chunk(index), request);
      return words.map(({ text }) => text).join(' ');
    },
  });
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
