import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openStorage } from '../../src/storage/index.ts';
import { run } from '../../src/util/process.ts';
import { scratchFolder } from '../support/scratch.ts';
import { chunks, keys, rejects, storageContract, text } from './contract.ts';

const scratch = scratchFolder();
let count = 0;
const folder = (): string => join(scratch, `storage ${++count}`);

storageContract(() => pathToFileURL(folder()).href);

test('a path, file:/ and file:/// name the same folder', async () => {
  const root = join(scratch, 'named');
  await (await openStorage(root)).put('a', chunks('x'));
  for (const url of [`file:${root}`, `file://${root}`, pathToFileURL(root).href]) {
    const storage = await openStorage(url);
    assert.deepEqual(await keys(storage, ''), ['a']);
    assert.equal(storage.url, pathToFileURL(root).href);
  }
});

test('files are 0600, folders 0700, adopted ones too; names are the keys', async () => {
  const root = folder();
  const storage = await openStorage(root);
  await storage.put('jobs/1/a', chunks('x'));
  const outside = join(scratch, 'wide open');
  await writeFile(outside, 'y', { mode: 0o666 });
  await storage.adopt('jobs/1/b', outside);
  for (const [path, mode] of [
    ['', 0o700],
    ['.temporary', 0o700],
    ['jobs', 0o700],
    ['jobs/1', 0o700],
    ['jobs/1/a', 0o600],
    ['jobs/1/b', 0o600],
  ] as const)
    assert.equal((await stat(join(root, path))).mode & 0o777, mode, path);
  assert.equal(await storage.toLocal('jobs/1/a', '/nowhere'), join(root, 'jobs/1/a'));
  assert.equal(await readFile(join(root, 'jobs/1/b'), 'utf8'), 'y');
});

test('no empty folder stays behind', async () => {
  const root = folder();
  const storage = await openStorage(root);
  await storage.put('jobs/1/chunks/1', chunks('x'));
  await storage.put('jobs/2/upload', chunks('x'));
  await storage.remove('jobs/1/chunks/1');
  assert.deepEqual(await readdir(join(root, 'jobs')), ['2']);
  await storage.removeAll('jobs/2/');
  assert.deepEqual(await readdir(root), ['.temporary']);
  assert.deepEqual(await readdir(join(root, '.temporary')), []);
});

test('sweeping takes what is old, file or folder, and nothing that is young or an object', async () => {
  const root = folder();
  const storage = await openStorage(root);
  await storage.put('a', chunks('x'));
  const old = new Date(Date.now() - 7_200_000);
  await writeFile(join(root, '.temporary/half'), 'x');
  await mkdir(join(root, '.temporary/removed'));
  await writeFile(join(root, '.temporary/removed/y'), 'x');
  for (const name of ['half', 'removed']) await utimes(join(root, '.temporary', name), old, old);
  await utimes(join(root, 'a'), old, old);
  await writeFile(join(root, '.temporary/young'), 'x');
  assert.equal(await storage.sweepTemporary(3_600_000), 2);
  assert.deepEqual(await readdir(join(root, '.temporary')), ['young']);
  assert.deepEqual(await keys(storage, ''), ['a']);
});

test('a key under an object is told apart from a full or broken disk', async () => {
  const storage = await openStorage(folder());
  await storage.put('a', chunks('x'));
  await rejects(storage.put('a/b', chunks('x')), 'internal');
  assert.equal(await storage.stat('a/b'), null);
  await storage.put('c/d', chunks('x'));
  await rejects(storage.put('c', chunks('x')), 'internal');
  assert.equal(await storage.sweepTemporary(-60_000), 0);
});

test('a folder that cannot be one', async () => {
  const file = join(scratch, 'a file');
  await writeFile(file, '');
  await rejects(openStorage(file), 'storage_unavailable');
  await rejects(openStorage('/proc/earshot'), 'storage_unavailable');
});

test('a full disk: disk_full without a path, nothing left, and room again afterwards', async (t) => {
  const root = folder();
  await mkdir(root);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'earshot-test', root]).catch(
    () => null,
  );
  try {
    if (mounted?.code !== 0) return t.skip('only root may mount a small file system');
    const storage = await openStorage(root);
    const free = (await storage.freeBytes()) as number;
    assert.ok(free > 200_000 && free <= 262_144, String(free));
    async function* tooMuch(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 20; i++) yield Buffer.alloc(65_536);
    }
    await rejects(storage.put('jobs/1/upload', tooMuch()), 'disk_full');
    await assert.rejects(
      storage.put('jobs/1/upload', tooMuch()),
      (error: Error) => !error.message.includes(root),
    );
    assert.deepEqual(await readdir(join(root, '.temporary')), []);
    assert.deepEqual(await keys(storage, ''), []);
    assert.equal(await storage.freeBytes(), free);

    const outside = join(scratch, 'on another disk');
    await writeFile(outside, Buffer.alloc(1_000_000));
    await rejects(storage.adopt('jobs/1/upload', outside), 'disk_full');
    assert.equal((await stat(outside)).size, 1_000_000, 'still there');
    await writeFile(outside, 'small');
    await storage.adopt('jobs/1/upload', outside);
    assert.equal(await text(storage.get('jobs/1/upload')), 'small');
    await assert.rejects(stat(outside), { code: 'ENOENT' });
  } finally {
    if (mounted?.code === 0) await run('umount', [root]);
  }
});

test('a put of 256 MiB takes no more memory than a small one', async () => {
  const script = `
    const { openStorage } = await import(process.argv[1]);
    const storage = await openStorage(process.argv[2]);
    const block = Buffer.alloc(65_536, 1);
    const put = (blocks) => storage.put('large', (async function* () {
      for (let i = 0; i < blocks; i++) yield block;
    })());
    await put(16);
    const before = process.resourceUsage().maxRSS;
    await put(4096);
    process.stdout.write(String(process.resourceUsage().maxRSS - before));`;
  const index = join(import.meta.dirname, '../../src/storage/index.ts');
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, index, folder()]);
  assert.notEqual(stdout.toString(), '');
  assert.ok(Number(stdout.toString()) < 64 * 1024, `${stdout.toString()} KiB more`);
});
