import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { acquireLock } from '../../src/util/lock.ts';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'earshot-lock-'))));
after(() => rm(folder, { recursive: true }));

const isLocked = (error: unknown): boolean => error instanceof EarshotError && error.code === 'locked';

/** A process that takes the lock, leaves a note, says so, and waits to be killed. */
async function holder(path: string): Promise<ReturnType<typeof spawn>> {
  const script = `
    const { acquireLock } = await import(process.argv[1]);
    const lock = await acquireLock(process.argv[2], 'x');
    await lock.note('left behind');
    process.stdout.write('locked');
    process.stdin.resume();`;
  const lockModule = join(import.meta.dirname, '../../src/util/lock.ts');
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, lockModule, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('one holds it, another is told who, and gets it after the release', async () => {
  const path = join(folder, 'simple');
  const lock = await acquireLock(path, 'talk.json');
  await assert.rejects(acquireLock(path, 'talk.json'), (error) => {
    assert.ok(isLocked(error));
    assert.match((error as Error).message, new RegExp(`process ${process.pid} .* is working on talk.json`));
    return true;
  });
  await lock.release();
  const next = await acquireLock(path, 'talk.json');
  assert.equal(next.inherited, null);
  await next.release();
});

test('another process holds it until it is killed; its note is inherited', async () => {
  const path = join(folder, 'killed');
  const child = await holder(path);
  await assert.rejects(acquireLock(path, 'x'), isLocked);
  child.kill('SIGKILL');
  await once(child, 'close');
  const lock = await acquireLock(path, 'x');
  assert.equal(lock.inherited, 'left behind');
  await lock.release();
});

test('of many that find a stale lock, exactly one gets it', async () => {
  const path = join(folder, 'race');
  const child = await holder(path);
  child.kill('SIGKILL');
  await once(child, 'close');
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path, 'x')));
  const won = results.filter((result) => result.status === 'fulfilled');
  assert.equal(won.length, 1);
  for (const result of results) if (result.status === 'rejected') assert.ok(isLocked(result.reason));
  await won[0]?.value.release();
});

test('a process id that was used again does not keep the lock', async () => {
  const path = join(folder, 'reused');
  const lock = await acquireLock(path, 'x');
  const content = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  if (content['started'] === null) return;
  await writeFile(path, JSON.stringify({ ...content, started: '1', token: 'other' }));
  await (await acquireLock(path, 'x')).release();
  await lock.release();
});

test('a lock of another host counts until nobody has touched it for two minutes', async () => {
  const path = join(folder, 'elsewhere');
  const other = { token: 't', pid: 1, started: '1', host: 'elsewhere', since: 'then', note: '' };
  await writeFile(path, JSON.stringify(other));
  await assert.rejects(acquireLock(path, 'x'), isLocked);
  const old = new Date(Date.now() - 121_000);
  await utimes(path, old, old);
  await (await acquireLock(path, 'x')).release();
});

test('a released lock of somebody else stays, and nothing is left over', async () => {
  const path = join(folder, 'foreign');
  const lock = await acquireLock(path, 'x');
  await writeFile(path, JSON.stringify({ token: 'other' }));
  await lock.release();
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { token: 'other' });
  await rm(path);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes('.')),
    [],
  );
});
