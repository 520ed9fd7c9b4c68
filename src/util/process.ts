import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** How a subprocess ended. `stderr` holds its last 64 KiB. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const STDERR_KEPT = 64 * 1024;

/**
 * Runs a program with an argument array, never through a shell. Resolves with how it ended, whatever the exit code;
 * rejects when it cannot be started (ENOENT) or when `signal` aborts (the child gets SIGTERM, SIGKILL after 2 s).
 * `onStdout` takes the output as it comes; without it stdout is collected as text.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: {
    signal?: AbortSignal;
    onStdout?: (bytes: Buffer) => void | Promise<void>;
    stdin?: NodeJS.ReadableStream;
  } = {},
): Promise<Exit> {
  options.signal?.throwIfAborted();
  const spawnOptions: SpawnOptions = {
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
  };
  const child = spawn(program, [...args], spawnOptions);
  const stop = killer(child);
  options.signal?.addEventListener('abort', stop.begin, { once: true });
  try {
    if (options.stdin && child.stdin) {
      child.stdin.on('error', () => undefined); // EPIPE: the child has read enough, its exit code tells
      options.stdin.pipe(child.stdin);
    }
    const stdout: Buffer[] = [];
    let stderr = Buffer.alloc(0);
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr = Buffer.concat([stderr, bytes]);
      if (stderr.length > STDERR_KEPT) stderr = stderr.subarray(stderr.length - STDERR_KEPT);
    });
    const ended = new Promise<Pick<Exit, 'code' | 'signal'>>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    ended.catch(() => undefined); // awaited below; stdout may reject first
    for await (const bytes of child.stdout as AsyncIterable<Buffer>) {
      if (options.onStdout) await options.onStdout(bytes);
      else stdout.push(bytes);
    }
    const exit = await ended;
    options.signal?.throwIfAborted();
    return { ...exit, stdout: Buffer.concat(stdout).toString('utf8'), stderr: stderr.toString('utf8') };
  } finally {
    options.signal?.removeEventListener('abort', stop.begin);
    if (child.exitCode === null && child.signalCode === null) stop.begin();
    else stop.cancel();
  }
}

function killer(child: ChildProcess): { begin: () => void; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  child.once('close', () => clearTimeout(timer));
  return {
    begin: () => {
      child.kill('SIGTERM');
      timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
      timer.unref();
    },
    cancel: () => clearTimeout(timer),
  };
}
