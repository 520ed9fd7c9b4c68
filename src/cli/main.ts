#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import envPaths from 'env-paths';
import { EarshotError } from '../errors.ts';
import { holdYoungGeneration } from '../util/young-generation.ts';

/**
 * Threads that wait for files and name servers: libuv's four are all asleep in fsync when a few uploads end at once, and
 * then nothing else is read or written.
 */
const FILE_THREADS = '32';

/** What runs the command, such as npx or timeout, passes on a signal that the terminal has sent us already. */
const SAME_SIGNAL_MS = 500;

/** First signal: wind down, checkpoints are kept. Second: end at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) {
        if (performance.now() - first < SAME_SIGNAL_MS) return;
        process.exit(130);
      }
      first = performance.now();
      const hint = 'run the same command again to go on from here';
      controller.abort(new EarshotError('cancelled', `cancelled by ${name}`, { hint }));
    });
  return controller.signal;
}

/** A reader that has seen enough (`earshot … | head`) is no error; a full disk behind a redirection is the end. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
  process.stderr.write(`earshot: the output cannot be written: ${error.message}\n`);
  process.exit(1);
}

// The one place that touches the process. Threads are started when the first is needed, later than this; compiled
// sources are kept, which halves the time to start.
const signal = abortOnSignals();
for (const stream of [process.stdout, process.stderr]) stream.on('error', onOutputError);
holdYoungGeneration();
process.env['UV_THREADPOOL_SIZE'] ??= FILE_THREADS;
enableCompileCache(join(envPaths('earshot', { suffix: '' }).cache, 'compiled'));
const [{ runCommandLine }, { invocationOf }] = await Promise.all([
  import('./run-command-line.ts'),
  import('./invocation.ts'),
]);
const { stdin, stdout, stderr, env } = process;
const argv = process.argv.slice(2);
const invocation = invocationOf(process.argv[1] ?? 'earshot', env, process.cwd());
const code = await runCommandLine(argv, { stdin, stdout, stderr, env, invocation, signal });
// Results may still be in the pipe to a slow reader: an empty write ends after them.
await Promise.all([stdout, stderr].map((stream) => new Promise((done) => stream.write('', done))));
process.exit(code);
