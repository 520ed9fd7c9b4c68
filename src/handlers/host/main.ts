import { join } from 'node:path';
import { mkdir, rm } from 'node:fs/promises';
import { toEarshotError } from '../../errors.ts';
import { RECOGNITION_ENGINES } from '../../speech/recognition/index.ts';
import { keepOpen } from '../../speech/recognition/kept.ts';
import { ALIVE_MS, END_MS, isMessage, PROGRESS_MS, sent, type FromHost, type ToHost } from './protocol.ts';
import { WORK } from './work.ts';

/**
 * The process that does the work of stages: models, native code and long computations live here, so that the server
 * answers whatever happens to them, and so that a stage that hangs can be ended. It is started by process.ts and ends
 * with its parent, together with the programs that it runs. `asTyped` writes the command lines that transcripts name.
 */
export async function hostStages(workDir: string, asTyped: (text: string) => string): Promise<void> {
  const scratch = join(workDir, `engines-${process.pid}`);
  await mkdir(scratch, { recursive: true });
  const engines = keepOpen(RECOGNITION_ENGINES, scratch);
  const running = new Map<number, { readonly stop: AbortController; readonly done: Promise<void> }>();
  const alive = setInterval(() => say({ type: 'alive' }), ALIVE_MS);

  async function run(
    { id, name, input }: Extract<ToHost, { type: 'run' }>,
    stop: AbortController,
  ): Promise<void> {
    let told = -Infinity;
    try {
      const work = WORK[name] as (input: unknown, task: object, engines: unknown) => Promise<unknown>;
      const task = {
        signal: stop.signal,
        asTyped,
        onNotice: (line: string) => say({ type: 'notice', id, line }),
        onProgress: ({ done, total }: { done: number; total: number }) => {
          if (performance.now() - told < PROGRESS_MS) return;
          told = performance.now();
          say({ type: 'progress', id, fraction: total > 0 ? done / total : 0 });
        },
      };
      say({ type: 'done', id, value: await work(input, task, engines) });
    } catch (error) {
      say({ type: 'failed', id, error: sent(toEarshotError(error)) });
    } finally {
      running.delete(id);
    }
  }

  process.on('message', (message: ToHost) => {
    if (!isMessage(message)) return;
    if (message.type === 'abort') return running.get(message.id)?.stop.abort();
    const stop = new AbortController();
    running.set(message.id, { stop, done: Promise.resolve().then(() => run(message, stop)) });
  });
  if (process.connected) await new Promise<void>((resolve) => process.once('disconnect', resolve));
  // The server has gone, or wants no more.
  clearInterval(alive);
  setTimeout(endGroup, END_MS);
  const last = [...running.values()];
  for (const { stop } of last) stop.abort(); // lets the programs that run for them be ended
  await Promise.all(last.map(({ done }) => done));
  await engines.close();
  await rm(scratch, { recursive: true, force: true });
  endGroup();
}

/** A server that has gone hears nothing, and that is no reason to fall over it. Throws for what is no JSON. */
function say(message: FromHost): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Ends this process and whatever programs still run for it: they are one process group (see process.ts). */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // it was started in somebody else's group, and ends by itself
  }
}
