import { fork, type ChildProcess } from 'node:child_process';
import { EarshotError } from '../../errors.ts';
import { systemClock, type Clock } from '../../util/clock.ts';
import type { FromHost, ToHost } from './protocol.ts';
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
  readonly clock?: Clock;
}

export interface HostTask {
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly task: HostTask;
}

const SILENCE_MS = 180_000; // a native model may keep the event loop for a long chunk
const ABORT_MS = 1_500;
const IDLE_MS = 300_000;

/**
 * The server's side of a stage host: starts it with the first work, ends it when it is idle, silent, or does not obey.
 * Work that was in it then rejects with `worker_failed`, which may be tried again.
 */
export class StageHost {
  readonly #options: HostOptions;
  readonly #clock: Clock;
  #child: ChildProcess | null = null;
  readonly #calls = new Map<number, Call>();
  #next = 1;
  #heard = 0;
  #watch: NodeJS.Timeout | undefined;
  #idleSince: number | null = null;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Runs one piece of work. Rejects with what the work rejects with, the signal's reason, or `worker_failed`. */
  run<Name extends HostWorkName>(
    name: Name,
    input: HostWork[Name]['input'],
    task: HostTask,
  ): Promise<HostWork[Name]['output']> {
    task.signal.throwIfAborted();
    const child = this.#started();
    const id = this.#next++;
    return new Promise<HostWork[Name]['output']>((resolve, reject) => {
      const onAbort = (): void => {
        this.#send(child, { type: 'abort', id });
        setTimeout(
          () => this.#calls.has(id) && this.#end(child, 'did not stop when it was told to'),
          this.#options.abortMs ?? ABORT_MS,
        );
      };
      task.signal.addEventListener('abort', onAbort, { once: true });
      const settled = (): void => {
        task.signal.removeEventListener('abort', onAbort);
        this.#calls.delete(id);
        if (this.#calls.size === 0) this.#idleSince = this.#clock.now();
      };
      this.#calls.set(id, {
        task,
        resolve: (value) => (settled(), resolve(value as HostWork[Name]['output'])),
        reject: (error) => (settled(), reject(error as Error)),
      });
      this.#idleSince = null;
      this.#send(child, { type: 'run', id, name, input });
    });
  }

  /** Ends the process; work in it rejects. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#gone(child, 'was closed');
    if (child.connected) child.disconnect();
    const force = setTimeout(() => kill(child), this.#options.abortMs ?? ABORT_MS);
    await exit;
    clearTimeout(force);
  }

  #started(): ChildProcess {
    if (this.#child !== null) return this.#child;
    const { module, args, onNotice } = this.#options;
    const child = fork(module, [...args], {
      detached: true, // a process group of its own: the programs that it runs end with it
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#heard = this.#clock.now();
    child.on('message', (message: FromHost) => this.#hear(message, onNotice));
    child.on('error', () => this.#gone(child, 'could not be started'));
    child.on('exit', (code, signal) => this.#gone(child, `ended (${signal ?? code})`));
    this.#watch = setInterval(() => this.#look(child), 1_000);
    this.#watch.unref();
    return child;
  }

  #hear(message: FromHost, onNotice: (line: string) => void): void {
    this.#heard = this.#clock.now();
    if (message.type === 'alive') return;
    const call = this.#calls.get(message.id);
    if (message.type === 'notice') onNotice(message.line);
    else if (message.type === 'progress') call?.task.onProgress?.(message.fraction);
    else if (message.type === 'done') call?.resolve(message.value);
    else if (call?.task.signal.aborted === true) call.reject(call.task.signal.reason);
    else call?.reject(received(message.error));
  }

  #look(child: ChildProcess): void {
    const now = this.#clock.now();
    if (now - this.#heard > (this.#options.silenceMs ?? SILENCE_MS)) this.#end(child, 'fell silent');
    else if (this.#idleSince !== null && now - this.#idleSince > (this.#options.idleMs ?? IDLE_MS))
      void this.close();
  }

  /** Ends a process that no longer obeys. */
  #end(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    kill(child);
    this.#gone(child, why);
  }

  #gone(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#idleSince = null;
    clearInterval(this.#watch);
    for (const call of [...this.#calls.values()])
      call.reject(
        call.task.signal.aborted
          ? call.task.signal.reason
          : new EarshotError('worker_failed', `the process that did the work ${why}`),
      );
  }

  #send(child: ChildProcess, message: ToHost): void {
    if (child.connected) child.send(message, () => undefined); // when it cannot be sent, its exit is told soon
  }
}

const received = ({
  code,
  message,
  hint,
}: {
  code: EarshotError['code'];
  message: string;
  hint: string | null;
}): EarshotError => new EarshotError(code, message, hint === null ? {} : { hint });

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}
