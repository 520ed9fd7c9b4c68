import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ALIVE_MS, type ToHost } from '../../src/handlers/host/protocol.ts';

/**
 * A stage host that does as it is told by the input of each call, to show what the server does about it. The log, its
 * first argument, gets a line a start and a call.
 */
export type Deed =
  | { readonly do: 'answer'; readonly value?: unknown; readonly after?: number }
  | { readonly do: 'big'; readonly bytes: number }
  | {
      readonly do: 'exit' | 'hang' | 'ignore' | 'print' | 'obey' | 'child' | 'stop';
      readonly after?: number;
    };

const [log = '/dev/null', isBroken] = process.argv.slice(2);
const say = (message: object): void => void process.send?.(message);
appendFileSync(log, `start ${process.pid}\n`);
if (isBroken === 'broken') throw new Error('this host never starts');

setInterval(() => say({ type: 'alive' }), ALIVE_MS / 100);
process.on('disconnect', () => process.exit());
process.on('message', (message: ToHost) => {
  if (message.type === 'abort') {
    appendFileSync(log, `abort ${message.id}\n`);
    if (obedient.has(message.id))
      say({ type: 'failed', id: message.id, error: { code: 'cancelled', message: 'cancelled', hint: null } });
    return;
  }
  void act(message.id, message.input as unknown as Deed);
});
const obedient = new Set<number>();

async function act(id: number, deed: Deed): Promise<void> {
  appendFileSync(log, `call ${deed.do}\n`);
  const done = (value: unknown): void => say({ type: 'done', id, value });
  if (deed.do === 'obey') obedient.add(id);
  if ('after' in deed) await sleep(deed.after);
  if (deed.do === 'answer') done(deed.value);
  else if (deed.do === 'big') done('x'.repeat(deed.bytes));
  else if (deed.do === 'exit') process.exit(7);
  else if (deed.do === 'stop') process.kill(process.pid, 'SIGSTOP');
  else if (deed.do === 'hang') for (;;);
  else if (deed.do === 'child') {
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    appendFileSync(log, `child ${child.pid}\n`);
    say({ type: 'progress', id, fraction: 0.5 });
  } else if (deed.do === 'print') {
    process.stdout.write(`${'chatter '.repeat(100_000)}\n`, () => done('printed'));
  }
}
