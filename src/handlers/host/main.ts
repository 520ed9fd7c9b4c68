import { join } from 'node:path';
import { mkdir, rm } from 'node:fs/promises';
import { toEarshotError } from '../../errors.ts';
import { RECOGNITION_ENGINES } from '../../speech/recognition/index.ts';
import { keepOpen } from '../../speech/recognition/kept.ts';
import { ALIVE_MS, isMessage, sent, type FromHost, type ToHost } from './protocol.ts';
import { WORK } from './work.ts';

/**
 * The process that does the work of stages: models, native code and long computations live here, so that the server
 * answers whatever happens to them, and so that a stage that hangs can be ended. It is started by client.ts and ends
 * with its parent.
 */
export async function hostStages(workDir: string): Promise<void> {
  const scratch = join(workDir, `engines-${process.pid}`);
  await mkdir(scratch, { recursive: true });
  const engines = keepOpen(RECOGNITION_ENGINES, scratch);
  const running = new Map<number, AbortController>();
  const say = (message: FromHost): void => void process.send?.(message);
  const alive = setInterval(() => say({ type: 'alive' }), ALIVE_MS);

  async function run({ id, name, input }: Extract<ToHost, { type: 'run' }>): Promise<void> {
    const stop = new AbortController();
    running.set(id, stop);
    try {
      const work = WORK[name] as (input: unknown, task: object, engines: unknown) => Promise<unknown>;
      const task = {
        signal: stop.signal,
        onNotice: (line: string) => say({ type: 'notice', id, line }),
        onProgress: ({ done, total }: { done: number; total: number }) =>
          say({ type: 'progress', id, fraction: total > 0 ? done / total : 0 }),
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
    if (message.type === 'run') void run(message);
    else running.get(message.id)?.abort();
  });
  await new Promise<void>((resolve) => process.once('disconnect', resolve)); // the server has gone, or wants no more
  clearInterval(alive);
  for (const stop of running.values()) stop.abort(); // lets the programs that run for them be ended
  await engines.close();
  await rm(scratch, { recursive: true, force: true });
}
