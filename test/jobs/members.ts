import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** A process that works on jobs; see member.ts. */
export interface Member {
  /** Hands an id over to be submitted. */
  submit(id: string): void;
  /** Ids that it said were accepted; they stay after it was killed. */
  readonly accepted: ReadonlySet<string>;
  /** Resolves with the first of them, or when it has ended. */
  readonly firstAccepted: Promise<void>;
  /** Everything that it complained of. */
  readonly complaints: readonly string[];
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  kill(): Promise<void>;
}

/** Starts one, ready to work; killed with the test. */
export async function member(t: TestContext, where: string, log: string): Promise<Member> {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [
    join(import.meta.dirname, 'member.ts'),
    where,
    log,
  ]);
  const accepted = new Set<string>();
  const complaints: string[] = [];
  const ready = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') return ready.resolve();
    accepted.add(line);
    first.resolve();
  });
  createInterface(child.stderr).on('line', (line) => complaints.push(line));
  child.stdin.on('error', () => undefined); // it was killed
  const ended = once(child, 'exit').then(() => {
    ready.reject(new Error(complaints.join('\n')));
    first.resolve();
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  t.after(kill);
  await ready.promise;
  return {
    accepted,
    firstAccepted: first.promise,
    complaints,
    kill,
    submit: (id) => child.stdin.write(`${id}\n`),
    signal: (signal) => child.kill(signal),
  };
}

/** A log file for members, and the check that no stage was run again after its outcome was kept. */
export async function journal(
  t: TestContext,
): Promise<{ path: string; check: () => Promise<{ runs: number; again: number }> }> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-journal-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'log');
  await writeFile(path, '');
  return {
    path,
    async check() {
      const done = new Set<string>();
      const begun = new Set<string>();
      let again = 0;
      let runs = 0;
      for (const line of (await readFile(path, 'utf8')).split('\n').filter(Boolean)) {
        const [word = '', ...rest] = line.split(' ');
        const stage = rest.join(' ');
        if (word === 'done') done.add(stage);
        else {
          runs++;
          assert.ok(!done.has(stage), `${stage} was run again after its outcome was kept`);
          if (begun.has(stage)) again++;
          begun.add(stage);
        }
      }
      return { runs, again };
    },
  };
}

/** Numbers from 0 to 1 that a seed determines (mulberry32, Tommy Ettinger 2017, public domain). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a test: EARSHOT_TEST_SEED to run one again, otherwise a new one; it is printed. */
export function seedOf(t: TestContext): number {
  const given = process.env['EARSHOT_TEST_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  t.diagnostic(`EARSHOT_TEST_SEED=${seed}`);
  return seed;
}
