import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as nodeRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { KINDS } from '../src/handlers/kinds.ts';
import { Jobs } from '../src/jobs/jobs.ts';
import { openPglite } from '../src/jobs/pglite.ts';
import { NO_QUOTA } from '../src/jobs/quota.ts';
import { run } from '../src/util/process.ts';
import { timeUuid } from '../src/util/time-uuid.ts';
import type { Row } from './row.ts';

const SERVE = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
const SECONDS = 8;
/** Of sending at a pace, and before that of getting warm. */
const PACED_SECONDS = 20;
const WARM_SECONDS = 5;
const CLIENTS = 50;
/** Recordings a second, of all clients together. */
const PACE = 100;
/** What the start has left behind is collected by then. */
const IDLE_MS = 10_000;
/** Polls come from clients that ask now and then, not as fast as they can. */
const POLLERS = 10;

/** The server under load: `serve --no-worker` on a fresh embedded database, asked by a process of its own. */
export async function http(folder: string): Promise<Row[]> {
  const empty = await measured(join(folder, 'http-empty'), 0);
  const some = await measured(join(folder, 'http-1000'), 1_000);
  const many = await measured(join(folder, 'http-100000'), 100_000);
  const bare = await bareWrites(join(folder, 'bare-writes'));
  const ratio = (a: number, b: number): string => (a / b).toFixed(2);
  return [
    {
      what: `submit to stored, p99, ${CLIENTS} clients as fast as they get answers, 10 KB each`,
      measured: `${empty.submit.p99} ms`,
      wanted: '<= 25 ms',
      seen: `p50 ${empty.submit.p50} ms, ${empty.submit.rate.toFixed(0)} jobs a second`,
    },
    {
      what: `the same bytes written durably without a server, p99, ${CLIENTS} at a time`,
      measured: `${bare.p99} ms`,
      wanted: 'stated',
      seen: `p50 ${bare.p50} ms, ${bare.rate.toFixed(0)} a second`,
    },
    {
      what: `submit to stored, p99, ${CLIENTS} clients, ${PACE} recordings a second, 10 KB each`,
      measured: `${empty.paced.p99} ms`,
      wanted: '<= 25 ms',
      seen: `p50 ${empty.paced.p50} ms`,
    },
    {
      what: 'poll while 1,000 jobs are queued, p99',
      measured: `${some.poll.p99} ms`,
      wanted: '<= 10 ms',
      seen: `p50 ${some.poll.p50} ms, ${POLLERS} clients, ${some.poll.rate.toFixed(0)} polls a second`,
    },
    {
      what: 'submit with 100,000 jobs queued / with none',
      measured: ratio(many.submit.mean, empty.submit.mean),
      wanted: '<= 1.5',
      seen: `${many.submit.mean.toFixed(1)} ms / ${empty.submit.mean.toFixed(1)} ms`,
    },
    {
      what: 'poll with 100,000 jobs queued / with none',
      measured: ratio(many.poll.mean, empty.poll.mean),
      wanted: '<= 1.5',
      seen: `${many.poll.mean.toFixed(2)} ms / ${empty.poll.mean.toFixed(2)} ms`,
    },
    {
      what: 'memory of an idle server',
      measured: `${empty.idleMb.toFixed(0)} MB`,
      wanted: 'stated',
      seen: 'resident, embedded database included, before the first job',
    },
    {
      what: 'warm start until /health answers',
      measured: `${(many.readyMs / 1000).toFixed(2)} s`,
      wanted: '<= 2 s',
      seen: 'with 100,000 jobs in the database',
    },
  ];
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
  readonly rate: number;
}

async function measured(
  data: string,
  queued: number,
): Promise<{ submit: Latency; paced: Latency; poll: Latency; idleMb: number; readyMs: number }> {
  await fill(join(data, 'server', 'database'), queued);
  const began = performance.now();
  const { child, url } = await serve(data);
  const readyMs = performance.now() - began;
  try {
    await sleep(IDLE_MS);
    const idleMb = residentMb(child);
    const job = await submitOne(url);
    const poll = await load({ url: `${url}/jobs/${job}`, connections: POLLERS });
    const boundary = 'bench';
    const part = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n`;
    const submitting = {
      url: `${url}/jobs`,
      connections: CLIENTS,
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: `${part}${'x'.repeat(10_000)}\r\n--${boundary}--\r\n`,
    } as const;
    const paced = await atPace(submitting);
    const submit = await load(submitting);
    return { submit, paced, poll, idleMb, readyMs };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

/** Migrates the database and puts so many jobs into it. */
async function fill(folder: string, count: number): Promise<void> {
  const jobs = await Jobs.open(await openPglite(folder), KINDS, (error) => {
    throw error;
  });
  for (let done = 0; done < count; done += 1_000)
    await Promise.all(
      Array.from({ length: Math.min(1_000, count - done) }, () => {
        const id = timeUuid();
        return jobs.submit({
          ...{ id, kind: 'transcribe', first: 'prepare', owner: 'local', options: {}, bytes: 0, priority: 0 },
          ...{ input: { name: 'a.wav', url: null }, webhook: null, idempotencyKey: null, fingerprint: id },
          ...{ dedupeSeconds: 0, keepSeconds: 3600, quota: NO_QUOTA },
        });
      }),
    );
  await jobs.close();
}

async function serve(data: string): Promise<{ child: ChildProcess; url: string }> {
  const args = ['serve', '--no-worker', '--port', '0', '--data', data, '--dedupe-minutes', '0', '--json'];
  const child = spawn(process.execPath, [SERVE, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout }))
    return { child, url: (JSON.parse(line) as { url: string }).url };
  throw new Error('the server ended before it listened');
}

async function submitOne(url: string): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob(['x']), 'a.wav');
  const answer = await fetch(`${url}/jobs`, { method: 'POST', body: form });
  return ((await answer.json()) as { job_id: string }).job_id;
}

async function load(options: autocannon.Options): Promise<Latency> {
  await autocannon({ ...options, duration: 2 }); // warm
  const { latency, requests, non2xx, errors } = await autocannon({ ...options, duration: SECONDS });
  if (non2xx + errors > 0) throw new Error(`${non2xx} answers were not 2xx, ${errors} requests failed`);
  // Latencies come in whole milliseconds; by Little's law the mean is finer.
  const mean = ((options.connections ?? 1) / requests.average) * 1000;
  return { p50: latency.p50, p99: latency.p99, mean, rate: requests.average };
}

/** Each client sends a recording every so often, one after the other's; what comes first is not counted. */
async function atPace(request: {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}): Promise<Latency> {
  const taken: number[] = [];
  const began = performance.now();
  const counted = began + WARM_SECONDS * 1000;
  const end = counted + PACED_SECONDS * 1000;
  const every = (CLIENTS / PACE) * 1000;
  const agent = new Agent({ keepAlive: true });
  const client = async (_: unknown, index: number): Promise<void> => {
    for (let next = began + (index / PACE) * 1000; next < end; next += every) {
      await sleep(Math.max(0, next - performance.now()));
      const sending = nodeRequest(request.url, { method: 'POST', headers: request.headers, agent });
      sending.end(request.body);
      const [answer] = (await once(sending, 'response')) as [IncomingMessage];
      await once(answer.resume(), 'end');
      if (answer.statusCode !== 201) throw new Error(`an answer was ${answer.statusCode}`);
      // From when it was to be sent: a server that is late is late for all who wait.
      if (next > counted) taken.push(performance.now() - next);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return latencyOf(taken, taken.length / PACED_SECONDS);
}

/** See bare-writes.ts. */
async function bareWrites(folder: string): Promise<Latency> {
  const script = join(import.meta.dirname, 'bare-writes.ts');
  const { code, stdout, stderr } = await run(process.execPath, [script, folder]);
  if (code !== 0) throw new Error(`bare-writes failed: ${stderr}`);
  const taken = JSON.parse(stdout) as number[];
  const mean = taken.reduce((sum, ms) => sum + ms, 0) / taken.length;
  return latencyOf(taken, (CLIENTS / mean) * 1000);
}

function latencyOf(taken: number[], rate: number): Latency {
  taken.sort((a, b) => a - b);
  const at = (part: number): number => Math.round(taken[Math.floor(part * taken.length)] ?? NaN);
  return { p50: at(0.5), p99: at(0.99), mean: taken.reduce((sum, ms) => sum + ms, 0) / taken.length, rate };
}

/** VmRSS of /proc/PID/status is in KiB. */
function residentMb(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024;
}
