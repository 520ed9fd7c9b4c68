import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { after } from 'node:test';
import type { JobAnswer } from '../../src/api/job-answer.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { copyDatabase } from '../support/database-template.ts';
import { SAMPLES, earshot, type Ran } from './run-cli.ts';

/** A server as a process of its own: the real command line, the real pipeline. */
export interface Serving {
  readonly url: string;
  readonly child: ChildProcess;
  /** How it ended. */
  readonly ended: Promise<Ran>;
  /** Ends it as an operator does, and gives how that went. */
  stop(): Promise<Ran>;
}

/** Servers of tests that failed end with their file. */
const started: ChildProcess[] = [];
after(() => started.forEach((child) => child.kill('SIGKILL')));

/** The engine that every machine which runs these tests has; others would change what is heard. */
const ENGINE = ['--engine', 'pocketsphinx', '--vad', 'energy', '--diarization', 'auto'];

/**
 * Starts `earshot serve` on a free port, with data in `cwd`/data; resolves once it listens. Its first start finds an
 * empty database there, unless `isFirst`: then it makes one, which takes seconds.
 */
export async function serving(
  cwd: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  isFirst = false,
): Promise<Serving> {
  const database = join(cwd, 'data/server/database');
  if (!isFirst && !existsSync(database)) {
    await mkdir(dirname(database), { recursive: true });
    await copyDatabase(database);
  }
  const start = Promise.withResolvers<ChildProcess>();
  const ended = earshot(['serve', '--port', '0', '--json', ...ENGINE, ...args], {
    cwd,
    env,
    onStart: start.resolve,
  });
  const child = await start.promise;
  started.push(child);
  const first = once(child.stdout as NodeJS.ReadableStream, 'data') as Promise<[string]>;
  const line = await Promise.race([first.then(([text]) => text), ended]);
  assert.ok(typeof line === 'string', `the server ended: ${JSON.stringify(line)}`);
  const { url } = JSON.parse(line) as { url?: string };
  assert.ok(url !== undefined, line);
  const stop = (): Promise<Ran> => {
    child.kill('SIGTERM');
    return ended;
  };
  return { url, child, ended, stop };
}

/** The transcript that the command line makes of a recording, in a data folder of its own. */
export async function byCommandLine(cwd: string, recording: string): Promise<Transcript> {
  const args = ['transcribe', recording, '--out', join(cwd, 'out'), '--formats', 'json', ...ENGINE];
  const { code, stderr } = await earshot(args, { cwd });
  assert.equal(code, 0, stderr);
  const name = basename(recording).replace(/\.\w+$/, '.json');
  return JSON.parse(await readFile(join(cwd, 'out', name), 'utf8')) as Transcript;
}

/** What must be equal however a transcript was made: all but how long it took and when. */
export function withoutTimings(transcript: Transcript): unknown {
  const { receipt, stages, ...rest } = transcript;
  const { options_hash: options, audio_seconds: audio } = receipt;
  const untimed = Object.entries(stages).map(([name, stage]) => [name, { ...stage, seconds: null }]);
  return { ...rest, stages: Object.fromEntries(untimed) as unknown, options, audio };
}

/** Hands a sample in; `fields` go with it. */
export async function submitted(
  url: string,
  sample: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<JobAnswer> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([await readFile(join(SAMPLES, sample))]), sample);
  const answer = await fetch(`${url}/jobs`, { method: 'POST', body: form });
  const body = (await answer.json()) as JobAnswer;
  assert.equal(answer.status, 201, JSON.stringify(body));
  return body;
}

export async function job(url: string, id: string): Promise<JobAnswer> {
  const answer = await fetch(`${url}/jobs/${id}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as JobAnswer;
}

/** The job once `is` holds of it; a job that ends otherwise fails the test. */
export async function until(
  url: string,
  id: string,
  is: (job: JobAnswer) => boolean = ({ status }) => status === 'completed',
  ms = 50_000,
): Promise<JobAnswer> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await job(url, id);
    if (is(found)) return found;
    const isOver = !['queued', 'processing'].includes(found.status);
    assert.ok(!isOver && Date.now() < end, JSON.stringify(found));
    await pause(50);
  }
}

export async function resultOf(url: string, id: string): Promise<Transcript> {
  const answer = await fetch(`${url}/jobs/${id}/result`);
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as Transcript;
}

/** Between two looks at something that happens in another process. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Processes that descend from `pid`, from /proc. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const stat = statOf(Number(name));
    if (stat !== null) parents.set(Number(name), stat.parent);
  }
  const found = [pid];
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child);
  return found.slice(1);
}

/** Whether a process runs; a zombie does not. */
export const isRunning = (pid: number): boolean => (statOf(pid)?.state ?? 'Z') !== 'Z';

function statOf(pid: number): { state: string; parent: number } | null {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { state: state as string, parent: Number(parent) };
  } catch {
    return null;
  }
}
