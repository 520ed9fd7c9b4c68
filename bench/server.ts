import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openAsBlob, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { longTalk } from './recordings.ts';
import type { Row } from './row.ts';

const MAIN = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
const CLIP = join(import.meta.dirname, '..', 'samples', 'clip.flac');
const ENGINE = ['--engine', 'pocketsphinx', '--vad', 'energy', '--diarization', 'classic', '--no-pull'];
const ROUNDS = 5;

/**
 * What the server adds to a transcription, how soon it is ready, and what it holds when it has nothing to do. Server and
 * command line take turns with one recording, so that whatever else the machine does falls on both.
 */
export async function server(folder: string): Promise<Row[]> {
  const { path, truth } = await longTalk(folder);
  await (await started(folder)).stop(); // the first start makes the database
  const running = await started(folder);
  try {
    await running.transcribe(CLIP); // starts the process that does the work
    const served: number[] = [];
    const alone: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      served.push(await timed(() => running.transcribe(path)));
      alone.push(await timed(() => byCommandLine(path, join(folder, `out-${round}`))));
    }
    const [one, other] = [Math.min(...served), Math.min(...alone)];
    return [
      {
        what: 'wall time of a recording through the server, times that of earshot transcribe',
        measured: (one / other).toFixed(3),
        wanted: '<= 1.05',
        seen: `${one.toFixed(1)} s and ${other.toFixed(1)} s for ${truth.duration.toFixed(0)} s of talk, best of ${ROUNDS} in turns`,
      },
      {
        what: 'from the start of earshot serve to the first answer of /health, seconds',
        measured: running.readySeconds.toFixed(2),
        wanted: '<= 2',
        seen: 'a warm start: the database is there',
      },
      {
        what: 'memory of the server without the process that does the work, megabytes',
        measured: running.megabytes().toFixed(0),
        wanted: 'stated',
        seen: 'resident, after those jobs; the embedded database is in it',
      },
    ];
  } finally {
    await running.stop();
  }
}

async function started(folder: string) {
  const began = performance.now();
  const args = ['serve', '--port', '0', '--json', '--quiet', '--dedupe-minutes', '0', ...ENGINE];
  const child = spawn(process.execPath, [MAIN, ...args, '--data', join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(String(line)) as { url: string };
  await (await fetch(`${url}/health`)).arrayBuffer();
  return {
    readySeconds: (performance.now() - began) / 1000,
    transcribe: (path: string) => byServer(url, path),
    megabytes: () => residentMegabytes(child),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function byServer(url: string, path: string): Promise<void> {
  const form = new FormData();
  form.set('file', await openAsBlob(path), 'talk.wav');
  const answer = await fetch(`${url}/jobs`, { method: 'POST', body: form });
  const { job_id: id } = (await answer.json()) as { job_id: string };
  await (await fetch(`${url}/jobs/${id}/events`)).text(); // until it has ended: who asks all the time takes part of the cores
  const { status } = (await (await fetch(`${url}/jobs/${id}`)).json()) as { status: string };
  if (status !== 'completed') throw new Error(`the job ${id} is ${status}`);
  await (await fetch(`${url}/jobs/${id}/result?format=json`)).arrayBuffer();
}

async function byCommandLine(path: string, out: string): Promise<void> {
  const args = ['transcribe', path, '--out', out, '--formats', 'json', '--quiet', '--no-resume', ...ENGINE];
  const child = spawn(process.execPath, [MAIN, ...args, '--data', `${out}-data`], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`earshot transcribe ended with ${code}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** From /proc: NaN where there is none. */
function residentMegabytes({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
