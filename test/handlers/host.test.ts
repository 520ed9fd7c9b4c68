import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { EarshotError } from '../../src/errors.ts';
import { StageHost, type HostOptions } from '../../src/handlers/host/client.ts';
import { isRunning, pause } from '../cli/serving.ts';
import { scratchFolder } from '../support/scratch.ts';
import type { Deed } from './unruly-host.ts';

const folder = scratchFolder();
let count = 0;

/** A stage host whose process does what each call tells it, with times that a test can wait for. */
function unruly(t: TestContext, changes: Partial<HostOptions> = {}, ...args: string[]) {
  const log = join(folder, `log-${++count}`);
  writeFileSync(log, '');
  const host = new StageHost({
    module: join(import.meta.dirname, 'unruly-host.ts'),
    args: [log, ...args],
    onNotice: () => undefined,
    silenceMs: 5_000,
    abortMs: 300,
    ...changes,
  });
  t.after(() => host.close());
  const run = (deed: Deed, signal = new AbortController().signal, onProgress = (): void => undefined) =>
    host.run('recognize', deed as never, { signal, onProgress }) as Promise<unknown>;
  const logged = (word: string): string[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1));
  return { host, run, logged };
}

const lost = { code: 'worker_failed' } as const;

test('a process that ends, never starts or is stopped fails its work, and the next call starts another', async (t) => {
  const { run, logged } = unruly(t, { silenceMs: 2_000 });
  await assert.rejects(run({ do: 'exit' }), { ...lost, message: /ended \(exit code 7\)/ });
  assert.equal(await run({ do: 'answer', value: 1 }), 1);
  await assert.rejects(run({ do: 'stop' }), { ...lost, message: /fell silent/ });
  await assert.rejects(run({ do: 'hang' }), { ...lost, message: /fell silent/ });
  assert.equal(await run({ do: 'answer', value: 2 }), 2);
  const pids = logged('start').map(Number);
  assert.equal(pids.length, 4);
  assert.deepEqual(pids.map(isRunning), [false, false, false, true]);

  const broken = unruly(t, {}, 'broken');
  await assert.rejects(broken.run({ do: 'answer' }), { ...lost, message: /ended \(exit code 1\)/ });
});

test('a recording of which no chunk was recognised is not finished in vain again and again', async (t) => {
  const module = join(import.meta.dirname, '../../src/cli/stage-host.ts');
  const host = new StageHost({ module, args: [folder], onNotice: () => undefined });
  t.after(() => host.close());
  const results = [{ recognition: null, error: 'the model is broken', code: 'engine_failed' }];
  const input = { plan: { source: { name: 'a.wav' } }, results } as never;
  const finishing = host.run('finish', input, { signal: new AbortController().signal });
  await assert.rejects(finishing, (error: EarshotError) => {
    assert.deepEqual([error.code, error.kind.retryable], ['engine_failed', false]);
    return true;
  });
});

test('of several pieces of work only the one that takes the process down fails', async (t) => {
  const { run, logged } = unruly(t);
  const works = await Promise.allSettled([
    run({ do: 'answer', value: 'a', after: 300 }),
    run({ do: 'exit', after: 100 }),
    run({ do: 'answer', value: 'b', after: 300 }),
    run({ do: 'exit', after: 100 }),
    run({ do: 'answer', value: 'c', after: 300 }),
  ]);
  assert.deepEqual(
    works.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as { code: string }).code)),
    ['a', 'worker_failed', 'b', 'worker_failed', 'c'],
  );
  assert.equal(logged('start').length, 4, 'the first, and one more after each of the three crashes');
});

test('work that stops when told to rejects with the reason; work that does not is ended, and costs its neighbours nothing', async (t) => {
  const { run, logged } = unruly(t);
  const reason = new Error('enough');
  const stop = new AbortController();
  const obedient = run({ do: 'obey', after: 10_000 }, stop.signal);
  const neighbour = run({ do: 'answer', value: 'kept', after: 1_000 });
  await until(() => logged('call').length === 2);
  stop.abort(reason);
  await assert.rejects(obedient, reason);
  assert.equal(await neighbour, 'kept');
  assert.equal(logged('start').length, 1);

  const force = new AbortController();
  const deaf = run({ do: 'ignore', after: 10_000 }, force.signal);
  const other = run({ do: 'answer', value: 'kept too', after: 800 });
  await until(() => logged('call').length === 4);
  const began = performance.now();
  force.abort(reason);
  await assert.rejects(deaf, reason);
  assert.ok(performance.now() - began < 3_000);
  assert.equal(await other, 'kept too');
  assert.equal(logged('start').length, 2);
  assert.equal(isRunning(Number(logged('start')[0])), false);
});

test('programs that the process runs end with it, also when it is killed from outside', async (t) => {
  const { host, run, logged } = unruly(t);
  for (const end of ['kill', 'close'] as const) {
    const begun = Promise.withResolvers<void>();
    const work = run({ do: 'child' }, undefined, begun.resolve);
    work.catch(() => undefined);
    await begun.promise;
    const program = Number(logged('child').at(-1));
    assert.ok(isRunning(program));
    if (end === 'kill') process.kill(Number(logged('start').at(-1)), 'SIGKILL');
    else await host.close();
    await assert.rejects(work, lost);
    if (end === 'kill') await until(() => !isRunning(program));
    else process.kill(program); // a host of ours ends its programs itself; this one leaves that to the server's death
  }
});

test('what is printed is no message; large answers arrive; what is no JSON is refused and harms nobody', async (t) => {
  const { run, logged } = unruly(t);
  assert.equal(await run({ do: 'print' }), 'printed');
  const big = (await Promise.all([1, 2].map(() => run({ do: 'big', bytes: 20_000_000 })))) as string[];
  assert.deepEqual(
    big.map(({ length }) => length),
    [20_000_000, 20_000_000],
  );
  const large = 'y'.repeat(15_000_000);
  assert.equal(await run({ do: 'answer', value: large }), large);
  await assert.rejects(run({ do: 'answer', value: 1n }), { code: 'internal', message: /BigInt/ });
  assert.equal(await run({ do: 'answer', value: 3 }), 3);
  assert.equal(logged('start').length, 1);
});

test('without work it is let go of; with work it is not', async (t) => {
  const { run, logged } = unruly(t, { idleMs: 200 });
  assert.equal(await run({ do: 'answer', value: 1, after: 600 }), 1);
  const [pid] = logged('start').map(Number);
  assert.ok(isRunning(pid as number));
  await until(() => !isRunning(pid as number));
  assert.equal(await run({ do: 'answer', value: 2 }), 2);
  assert.equal(logged('start').length, 2);
});

test('work that was aborted before it began never does', async (t) => {
  const { run, logged } = unruly(t);
  const reason = new Error('too late');
  await assert.rejects(run({ do: 'answer' }, AbortSignal.abort(reason)), reason);
  assert.equal(logged('start').length, 0);
  // The second waits until it is known which one took the process down.
  const stop = new AbortController();
  const works = [run({ do: 'exit', after: 300 }), run({ do: 'exit', after: 300 })];
  await until(() => logged('call').length === 3);
  const waiting = run({ do: 'answer' }, stop.signal);
  stop.abort(reason);
  await assert.rejects(waiting, reason);
  for (const work of works) await assert.rejects(work, lost);
});

async function until(is: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !is();) {
    assert.ok(Date.now() < end, 'it never came to that');
    await pause(20);
  }
}
