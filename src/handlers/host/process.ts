import { fork, type ChildProcess } from 'node:child_process';
import { EarshotError, toEarshotError } from '../../errors.ts';
import type { FromHost, SentError, ToHost } from './protocol.ts';
import type { HostWork, HostWorkName } from './work.ts';

export interface HostOptions {
  /** How the process is started: a module and its arguments. It calls hostStages. */
  readonly module: string;
  readonly args: readonly string[];
  readonly onNotice: (line: string) => void;
  /** Milliseconds without a sign of life after which the process is ended and its work is done again. */
  readonly silenceMs?: number;
  /** Milliseconds that an abort may take before the process is ended. */
  readonly abortMs?: number;
  /** Milliseconds without work after which it is let go of, with its memory. */
  readonly idleMs?: number;
}

export interface HostTask {
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** One piece of work, wherever it is. */
export interface Call {
  readonly name: HostWorkName;
  readonly input: HostWork[HostWorkName]['input'];
  readonly task: HostTask;
  readonly done: PromiseWithResolvers<unknown>;
}

/** How a process ended: what it had not answered, and whether that may be the reason. */
export interface Ended {
  readonly open: readonly Call[];
  readonly why: string;
  readonly isSuspicious: boolean;
}

const SILENCE_MS = 180_000; // a native model may keep the event loop for a long chunk
const ABORT_MS = 1_500;
const IDLE_MS = 300_000;
const LOOK_MS = 1_000;
/** A look that comes this late was late because this process was stopped: it could hear nothing either. */
const LATE_MS = 10_000;

/**
 * One process of a stage host, as the server sees it: runs calls, is ended when it is idle, silent, or does not obey.
 * `onFree` is told after each call, `onEnd` once.
 */
export class HostProcess {
  readonly #child: ChildProcess;
  readonly #options: HostOptions;
  readonly #onFree: () => void;
  readonly #onEnd: (ended: Ended) => void;
  readonly #calls = new Map<number, Call>();
  readonly #watch: NodeJS.Timeout;
  readonly #kill = (): void => kill(this.#child);
  #next = 1;
  #heard = performance.now();
  #looked = performance.now();
  #idleSince: number | null = null;
  #hasEnded = false;

  constructor(options: HostOptions, onFree: () => void, onEnd: (ended: Ended) => void) {
    this.#options = options;
    this.#onFree = onFree;
    this.#onEnd = onEnd;
    const child = fork(options.module, [...options.args], {
      detached: true, // a process group of its own: the programs that it runs end with it
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (message: FromHost) => this.#hear(message));
    child.on('error', () => this.#end('could not be started'));
    child.on('exit', (code, signal) => this.#end(`ended (${signal ?? `exit code ${code}`})`));
    process.once('exit', this.#kill);
    const { silenceMs = SILENCE_MS, idleMs = IDLE_MS } = options;
    this.#watch = setInterval(
      () => this.#look(silenceMs, idleMs),
      Math.min(LOOK_MS, silenceMs / 4, idleMs / 4),
    );
    this.#watch.unref();
  }

  /** Calls that have no answer yet. */
  get busy(): number {
    return this.#calls.size;
  }

  run(call: Call): void {
    const id = this.#next++;
    const { signal } = call.task;
    let late: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      this.#send({ type: 'abort', id });
      late = setTimeout(
        () => this.#end('did not stop when it was told to', false),
        this.#options.abortMs ?? ABORT_MS,
      );
    };
    const settled = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
      this.#calls.delete(id);
      if (this.#calls.size === 0) this.#idleSince = performance.now();
      this.#onFree();
    };
    this.#idleSince = null;
    this.#calls.set(id, call);
    call.done.promise.then(settled, settled);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#send({ type: 'run', id, name: call.name, input: call.input });
    } catch (error) {
      call.done.reject(toEarshotError(error)); // an input that is no JSON
    }
  }

  /** Lets the process end; calls in it are the owner's again. */
  async close(): Promise<void> {
    const child = this.#child;
    const isRunning = child.exitCode === null && child.signalCode === null && child.pid !== undefined;
    const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#end('was closed', false, false);
    if (!isRunning) return;
    if (child.connected) child.disconnect();
    const force = setTimeout(this.#kill, this.#options.abortMs ?? ABORT_MS);
    await exit;
    clearTimeout(force);
  }

  #hear(message: FromHost): void {
    this.#heard = performance.now();
    if (message.type === 'alive') return;
    const call = this.#calls.get(message.id);
    if (message.type === 'notice') this.#options.onNotice(message.line);
    else if (call === undefined) return;
    else if (message.type === 'progress') call.task.onProgress?.(message.fraction);
    else if (message.type === 'done') call.done.resolve(message.value);
    else call.done.reject(call.task.signal.aborted ? call.task.signal.reason : received(message.error));
  }

  #look(silenceMs: number, idleMs: number): void {
    const now = performance.now();
    if (now - this.#looked > LATE_MS) this.#heard = now;
    this.#looked = now;
    if (now - this.#heard > silenceMs) this.#end('fell silent');
    else if (this.#idleSince !== null && now - this.#idleSince > idleMs) void this.close();
  }

  /** From here on it is not spoken to; unless it is to end by itself, it and all that it runs is killed. */
  #end(why: string, isSuspicious = true, isKilled = true): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearInterval(this.#watch);
    if (isKilled) this.#kill();
    this.#child.once('exit', () => process.off('exit', this.#kill));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) process.off('exit', this.#kill);
    const open = [...this.#calls.values()];
    this.#calls.clear();
    this.#onEnd({ open, why, isSuspicious });
  }

  #send(message: ToHost): void {
    if (this.#child.connected) this.#child.send(message, () => undefined); // when it cannot be sent, its exit is told soon
  }
}

const received = ({ code, message, hint, isFinal }: SentError): EarshotError =>
  new EarshotError(code, message, { isFinal, ...(hint === null ? {} : { hint }) });

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended already, and so have its programs
  }
}
