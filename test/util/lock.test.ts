import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { acquireLock } from '../../src/util/lock.ts';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'earshot-lock-'))));
after(() => {
  for (const child of children) child.kill('SIGKILL'); // a test that failed has not
  return rm(folder, { recursive: true });
});
const children: ReturnType<typeof spawn>[] = [];

const isLocked = (error: unknown): boolean => error instanceof EarshotError && error.code === 'locked';

/** A process that takes the lock, leaves a note, says so, and waits to be killed. */
async function holder(path: string, ...within: string[]): Promise<ReturnType<typeof spawn>> {
  const script = `
    const { acquireLock } = await import(process.argv[1]);
    const lock = await acquireLock(process.argv[2], 'x');
    await lock.note('left behind');
    process.stdout.write('locked');
    process.stdin.resume();`;
  const lockModule = join(import.meta.dirname, '../../src/util/lock.ts');
  const [program, ...args] = [...within, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(program as string, [...args, lockModule, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
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

/** Runs what follows in a process namespace of its own, as a container does, and ends it with its parent. */
const IN_NAMESPACE = [
  'unshare',
  ...['--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'],
];
const withoutNamespaces =
  spawnSync('unshare', [...IN_NAMESPACE.slice(1), 'true']).status === 0 ? false : 'needs unshare(1)';

test(
  'a live holder in another process namespace is not taken for dead, whatever has its number here',
  { skip: withoutNamespaces },
  async () => {
    const path = join(folder, 'namespace');
    const child = await holder(path, ...IN_NAMESPACE);
    const held = JSON.parse(await readFile(path, 'utf8')) as { pid: number };
    assert.notEqual(held.pid, child.pid);
    await assert.rejects(acquireLock(path, 'x'), isLocked);
    child.kill('SIGKILL');
    await once(child, 'close');
    await assert.rejects(acquireLock(path, 'x'), isLocked, 'whether it has gone cannot be known yet');
    const old = new Date(Date.now() - 121_000);
    await utimes(path, old, old);
    const lock = await acquireLock(path, 'x');
    assert.equal(lock.inherited, 'left behind');
    await lock.release();
  },
);

/** Runs what follows as on a file system without hard links: link(2) fails as it does on FAT. */
const WITHOUT_LINKS = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=link,linkat:error=EPERM'];
const withoutStrace =
  spawnSync('strace', [...WITHOUT_LINKS.slice(1), 'true']).status === 0 ? false : 'needs strace(1)';

test('a file system without hard links has locks, too', { skip: withoutStrace }, async () => {
  const path = join(folder, 'no-links');
  await holder(path, ...WITHOUT_LINKS);
  await assert.rejects(acquireLock(path, 'x'), isLocked);
  process.kill((JSON.parse(await readFile(path, 'utf8')) as { pid: number }).pid, 'SIGKILL');
  await once(children.at(-1) as ReturnType<typeof spawn>, 'close');
  const lock = await acquireLock(path, 'x');
  assert.equal(lock.inherited, 'left behind');
  await lock.release();
});

test('an inherited note is left again when its heir dies, too, before it notes anything', async () => {
  const path = join(folder, 'heirs');
  const child = await holder(path);
  child.kill('SIGKILL');
  await once(child, 'close');
  const heir = await acquireLock(path, 'x');
  assert.equal(heir.inherited, 'left behind');
  const content = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...content, token: 'other', started: '1' })); // as if it had died
  const next = await acquireLock(path, 'x');
  assert.equal(next.inherited, 'left behind');
  await next.release();
  await heir.release();
});

for (const [what, content] of [
  ['zero bytes', ''],
  ['zeros', '\0'.repeat(64)],
  ['other JSON', '{}'],
  ['process number 0', '{"token":"t","pid":0,"started":null,"host":"h","since":"s","note":""}'],
])
  test(`a lock file of ${what} counts while it is young, and is then taken over`, async () => {
    const path = join(folder, 'unreadable');
    await writeFile(path, content as string);
    await assert.rejects(acquireLock(path, 'talk.json'), (error: Error & { hint?: string }) => {
      assert.ok(isLocked(error));
      assert.match(error.message, /^another Earshot is working on talk\.json$/);
      assert.match(error.hint ?? '', /delete .*unreadable/);
      return true;
    });
    const old = new Date(Date.now() - 121_000);
    await utimes(path, old, old);
    const lock = await acquireLock(path, 'x');
    assert.equal(lock.inherited, null);
    await lock.release();
    await assert.rejects(stat(path), { code: 'ENOENT' });
  });

test('whoever slept until another took over cannot take the lock back with a note', async () => {
  const path = join(folder, 'slept');
  const sleeper = await acquireLock(path, 'x');
  const content = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const other = JSON.stringify({ ...content, token: 'other' });
  await writeFile(path, other);
  await assert.rejects(sleeper.note('mine'), isLocked);
  await sleeper.release();
  assert.equal(await readFile(path, 'utf8'), other);
  await rm(path);
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

test('who was killed while it took a lock over keeps nobody out for long', async () => {
  const path = join(folder, 'half-taken.lock');
  const lock = await acquireLock(path, 'it');
  const holder = JSON.parse(await readFile(path, 'utf8')) as object;
  await lock.release();
  await writeFile(path, JSON.stringify({ ...holder, token: 'x', started: 'never' }));
  await writeFile(`${path}.takeover`, '');
  const old = new Date(Date.now() - 4_500);
  await utimes(`${path}.takeover`, old, old);
  await (await acquireLock(path, 'it')).release();
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
