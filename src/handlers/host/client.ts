import { EarshotError } from '../../errors.ts';
import { HostProcess, type Call, type Ended, type HostOptions, type HostTask } from './process.ts';
import type { HostWork, HostWorkName } from './work.ts';

export type { HostOptions, HostTask };

/**
 * The server's side of a stage host: a process that is started with the first work and again after it has ended. Work
 * that takes it down rejects with `worker_failed`, which may be tried again. Where several pieces were in it, nobody
 * knows which one it was: each is done again by itself, so that only the culprit fails.
 */
export class StageHost {
  readonly #options: HostOptions;
  #process: HostProcess | null = null;
  readonly #waiting: Call[] = [];
  /** What was in a process that broke; done one by one, before anything else. */
  readonly #suspects: Call[] = [];
  #hasSuspect = false;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** Runs one piece of work. Rejects with what the work rejects with, the signal's reason, or `worker_failed`. */
  async run<Name extends HostWorkName>(
    name: Name,
    input: HostWork[Name]['input'],
    task: HostTask,
  ): Promise<HostWork[Name]['output']> {
    task.signal.throwIfAborted();
    const call: Call = { name, input, task, done: Promise.withResolvers<unknown>() };
    const onAbort = (): void => {
      if (taken(this.#waiting, call) || taken(this.#suspects, call)) call.done.reject(task.signal.reason);
    };
    task.signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(call);
    this.#go();
    try {
      return (await call.done.promise) as HostWork[Name]['output'];
    } finally {
      task.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process; work rejects. */
  async close(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    for (const call of [...this.#waiting.splice(0), ...this.#suspects.splice(0)]) fail(call, 'was closed');
    await process?.close();
  }

  #go(): void {
    if (this.#hasSuspect && this.#process !== null && this.#process.busy > 0) return;
    const suspect = this.#suspects.shift();
    this.#hasSuspect = suspect !== undefined;
    const next = suspect === undefined ? this.#waiting.splice(0) : [suspect];
    for (const call of next) (this.#process ??= this.#started()).run(call);
  }

  #started(): HostProcess {
    const started = new HostProcess(
      this.#options,
      () => this.#go(),
      (ended) => this.#onEnd(started, ended),
    );
    return started;
  }

  #onEnd(process: HostProcess, { open, why, isSuspicious }: Ended): void {
    const isClosed = this.#process !== process;
    if (!isClosed) this.#process = null;
    const aborted = open.filter(({ task }) => task.signal.aborted);
    const others = open.filter(({ task }) => !task.signal.aborted);
    for (const { task, done } of aborted) done.reject(task.signal.reason);
    if (isClosed || (isSuspicious && others.length === 1)) for (const call of others) fail(call, why);
    else (isSuspicious ? this.#suspects : this.#waiting).unshift(...others);
    this.#hasSuspect = false;
    this.#go();
  }
}

function fail({ task, done }: Call, why: string): void {
  done.reject(
    task.signal.aborted
      ? task.signal.reason
      : new EarshotError('worker_failed', `the process that did the work ${why}`),
  );
}

/** Whether the call was in the list; it is no more. */
function taken(calls: Call[], call: Call): boolean {
  const at = calls.indexOf(call);
  if (at >= 0) calls.splice(at, 1);
  return at >= 0;
}
