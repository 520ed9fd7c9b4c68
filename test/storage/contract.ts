import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { EarshotError, type ErrorCode } from '../../src/errors.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { scratchFolder } from '../support/scratch.ts';

/** More than two requests of every provider take: S3's part is 16 MiB. */
const LARGE = 40 * 1024 * 1024;

/** What every storage keeps, whatever is behind it. `address` gives an empty storage's URL at each call. */
export function storageContract(address: () => string): void {
  const scratch = scratchFolder();
  const opened = async (): Promise<Storage> => openStorage(address());

  test('bytes come back as they were put, with size, time and sha256', async () => {
    const storage = await opened();
    const before = Date.now();
    const written = await storage.put('jobs/1/upload.wav', chunks('one ', 'two ', 'three'));
    assert.deepEqual(written, { bytes: 13, sha256: sha256('one two three') });
    assert.equal(await text(storage.get('jobs/1/upload.wav')), 'one two three');
    const found = await storage.stat('jobs/1/upload.wav');
    assert.equal(found?.key, 'jobs/1/upload.wav');
    assert.equal(found.bytes, 13);
    assert.ok(Math.abs(found.modifiedAt.getTime() - before) < 60_000);
    await storage.close();
  });

  test('an empty object is an object', async () => {
    const storage = await opened();
    await storage.put('empty', chunks());
    assert.equal((await storage.stat('empty'))?.bytes, 0);
    assert.equal(await text(storage.get('empty')), '');
    assert.equal(await text(storage.get('empty', { start: 0 })), '');
  });

  test('a large object goes in and comes out, whole and in ranges', async () => {
    const storage = await opened();
    const { bytes, sha256: digest } = await storage.put('large', large());
    assert.equal(bytes, LARGE);
    const hash = createHash('sha256');
    for await (const chunk of await storage.get('large')) hash.update(chunk as Buffer);
    assert.equal(hash.digest('hex'), digest);
    assert.equal((await storage.stat('large'))?.bytes, LARGE);
    const at = 17 * 1024 * 1024 - 2;
    assert.equal(await text(storage.get('large', { start: at, end: at + 4 })), mark(16) + mark(17));
    assert.equal(await text(storage.get('large', { start: LARGE - 2 })), mark(39));
  });

  test('ranges are [start, end), cut at the end of the object', async () => {
    const storage = await opened();
    await storage.put('digits', chunks('0123456789'));
    const ranges: [start: number, end: number | undefined, expected: string][] = [
      [0, 10, '0123456789'],
      [0, 1, '0'],
      [3, 7, '3456'],
      [7, undefined, '789'],
      [7, 99, '789'],
      [4, 4, ''],
      [10, undefined, ''],
      [50, 60, ''],
    ];
    for (const [start, end, expected] of ranges)
      assert.equal(
        await text(storage.get('digits', end === undefined ? { start } : { start, end })),
        expected,
      );
    await rejects(storage.get('digits', { start: 5, end: 4 }), 'internal');
    await rejects(storage.get('nothing', { start: 4, end: 4 }), 'not_found');
  });

  test('what is not there: null, not_found, or fine', async () => {
    const storage = await opened();
    await storage.put('jobs/1/a', chunks('a'));
    for (const key of ['none', 'jobs/2/a', 'jobs/1/b']) {
      assert.equal(await storage.stat(key), null);
      await rejects(storage.get(key), 'not_found');
      await rejects(storage.toLocal(key, scratch), 'not_found');
      await storage.remove(key);
    }
    await storage.removeAll('jobs/2/');
    await rejects(storage.adopt('jobs/1/c', join(scratch, 'no such file')), 'not_found');
    assert.equal(await storage.stat('jobs/1'), null);
    assert.deepEqual(await keys(storage, ''), ['jobs/1/a']);
  });

  test('a put replaces, and the generation tells, the same from stat and list', async () => {
    const storage = await opened();
    await storage.put('state', chunks('first'));
    const first = await storage.stat('state');
    await storage.put('state', chunks('again'));
    const second = await storage.stat('state');
    assert.notEqual(first?.generation, second?.generation);
    assert.equal(await text(storage.get('state')), 'again');
    assert.deepEqual(await collect(storage.list('')), [second]);
  });

  test('more than maxBytes is too_large, small and large, and nothing is left', async () => {
    const storage = await opened();
    assert.equal((await storage.put('fits', chunks('1234'), { maxBytes: 4 })).bytes, 4);
    await rejects(storage.put('small', chunks('1234', '5'), { maxBytes: 4 }), 'too_large');
    await rejects(storage.put('large', large(), { maxBytes: LARGE - 1 }), 'too_large');
    assert.deepEqual(await keys(storage, ''), ['fits']);
    assert.equal(await storage.sweepTemporary(-60_000), 0);
  });

  test("the source's own error comes through, whenever it comes, and nothing is left", async () => {
    const storage = await opened();
    const gone = new Error('the client hung up');
    async function* broken(good: number): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < good; i++) yield Buffer.alloc(1024 * 1024);
      throw gone;
    }
    for (const good of [0, 1, 35]) await assert.rejects(storage.put('upload', broken(good)), gone);
    assert.deepEqual(await keys(storage, ''), []);
    assert.equal(await storage.sweepTemporary(-60_000), 0);
  });

  test('a put that is aborted while its source is silent ends at once, and nothing is left', async () => {
    const storage = await opened();
    for (const good of [0, 1, 35]) {
      const abort = new AbortController();
      async function* silent(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < good; i++) yield Buffer.alloc(1024 * 1024);
        setImmediate(() => abort.abort());
        await new Promise<never>(() => undefined);
      }
      await assert.rejects(storage.put('upload', silent(), { signal: abort.signal }), { name: 'AbortError' });
    }
    assert.deepEqual(await keys(storage, ''), []);
    assert.equal(await storage.sweepTemporary(-60_000), 0);
    await assert.rejects(storage.put('upload', chunks('x'), { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
  });

  test('list: by prefix, in the order of keys, over several pages', async () => {
    const storage = await opened();
    const all = ['a-b', 'a/b', 'a/b-c', 'a/b.c', 'a/d/e/f', 'ab', 'b/1', 'b/10', 'b/2', 'b/20'];
    for (const key of [...all].reverse()) await storage.put(key, chunks(key));
    assert.deepEqual(await keys(storage, ''), all);
    assert.deepEqual(await keys(storage, 'a/'), ['a/b', 'a/b-c', 'a/b.c', 'a/d/e/f']);
    assert.deepEqual(await keys(storage, 'a/d'), ['a/d/e/f']);
    assert.deepEqual(await keys(storage, 'a'), ['a-b', 'a/b', 'a/b-c', 'a/b.c', 'a/d/e/f', 'ab']);
    assert.deepEqual(await keys(storage, 'b/1'), ['b/1', 'b/10']);
    assert.deepEqual(await keys(storage, 'c/'), []);
  });

  test('remove and removeAll take what they name and nothing else', async () => {
    const storage = await opened();
    for (const key of ['j/1/a', 'j/1/b/c', 'j/1/b/d', 'j/10/a', 'j/1-x/a', 'k/1'])
      await storage.put(key, chunks('x'));
    await storage.remove('j/10/a');
    await storage.removeAll('j/1/');
    assert.deepEqual(await keys(storage, ''), ['j/1-x/a', 'k/1']);
    await storage.removeAll('k/1/');
    assert.deepEqual(await keys(storage, ''), ['j/1-x/a', 'k/1'], 'k/1 is an object, not a folder');
    await rejects(storage.removeAll('j'), 'internal');
    await rejects(storage.removeAll(''), 'internal');
    await storage.put('j/1/a', chunks('anew'));
    assert.equal(await text(storage.get('j/1/a')), 'anew');
  });

  test('puts, lists and removals of one folder at the same time: all succeed', async () => {
    const storage = await opened();
    await storage.put('kept/here', chunks('kept'));
    const work = Array.from({ length: 60 }, async (_, i) => {
      if (i % 6 === 5) return storage.removeAll('busy/');
      if (i % 6 === 4) return keys(storage, '');
      if (i % 6 === 3) return storage.remove(`busy/${i - 1}/x`);
      return storage.put(`busy/${i}/x`, chunks(String(i)));
    });
    await Promise.all(work);
    for await (const { key } of storage.list('busy/'))
      assert.equal(await text(storage.get(key)), key.split('/')[1]);
    await storage.removeAll('busy/');
    assert.deepEqual(await keys(storage, ''), ['kept/here']);
  });

  test('of puts to one key at the same time one whole object stays', async () => {
    const storage = await opened();
    const texts = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(100_000));
    await Promise.all(texts.map((one) => storage.put('same/key', chunks(one.slice(0, 1), one.slice(1)))));
    assert.ok(texts.includes(await text(storage.get('same/key'))));
    assert.deepEqual(await keys(storage, ''), ['same/key']);
  });

  test('adopt brings a file in and takes it from where it was', async () => {
    const storage = await opened();
    const path = join(scratch, 'received');
    await writeFile(path, 'from outside');
    await storage.adopt('jobs/7/upload', path);
    assert.equal(await text(storage.get('jobs/7/upload')), 'from outside');
    await assert.rejects(stat(path), { code: 'ENOENT' });
    await writeFile(path, 'again');
    await assert.rejects(storage.adopt('jobs/7/upload', path, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    assert.equal(await readFile(path, 'utf8'), 'again');
    assert.equal(await text(storage.get('jobs/7/upload')), 'from outside');
  });

  test('toLocal gives a file with the bytes; keys of one last segment do not collide', async () => {
    const storage = await opened();
    await storage.put('1/upload.wav', chunks('first'));
    await storage.put('2/upload.wav', chunks('second'));
    const folder = join(scratch, 'copies');
    const [first, second] = await Promise.all(
      ['1', '2'].map((job) => storage.toLocal(`${job}/upload.wav`, folder)),
    );
    assert.equal(await readFile(first as string, 'utf8'), 'first');
    assert.equal(await readFile(second as string, 'utf8'), 'second');
    assert.match(first as string, /upload\.wav$/);
  });

  test('keys that are not ours throw internal everywhere', async () => {
    const storage = await opened();
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      'a/../b',
      'a/./b',
      '.a',
      'a/.b',
      'A',
      'ä',
      'a b',
      'a\\b',
      'a\0',
    ];
    for (const key of [...bad, 'x'.repeat(201), 'x/'.repeat(401) + 'x']) {
      await rejects(storage.put(key, chunks('x')), 'internal');
      await rejects(storage.get(key), 'internal');
      await rejects(storage.stat(key), 'internal');
      await rejects(storage.remove(key), 'internal');
      await rejects(storage.removeAll(`${key}/`), 'internal');
      await rejects(storage.toLocal(key, scratch), 'internal');
      await rejects(storage.adopt(key, join(scratch, 'x')), 'internal');
    }
    for (const prefix of ['/', '../', 'a/../', '.temporary'])
      await rejects(keys(storage, prefix), 'internal');
  });

  test('a reader that stops early lets go', async () => {
    const storage = await opened();
    await storage.put('large', large());
    for (let i = 0; i < 60; i++) {
      const stream = await storage.get('large');
      await once(stream, 'readable');
      stream.destroy();
      await once(stream, 'close');
    }
    assert.equal((await storage.stat('large'))?.bytes, LARGE);
  });

  test('kill -9 in the middle of a put leaves nothing under the key, and what it leaves is swept', async () => {
    const url = address();
    const storage = await openStorage(url);
    await storage.put('upload', chunks('before'));
    const script = `
      const { openStorage } = await import(process.argv[1]);
      const storage = await openStorage(process.argv[2]);
      async function* data() {
        for (let i = 0; i < 35; i++) yield Buffer.alloc(1024 * 1024);
        process.stdout.write('writing');
        await new Promise((resolve) => process.stdin.once('end', resolve));
      }
      process.stdin.resume();
      await storage.put('upload', data());`;
    const index = join(import.meta.dirname, '../../src/storage/index.ts');
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, index, url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    assert.equal(await text(storage.get('upload')), 'before');
    assert.deepEqual(await keys(storage, ''), ['upload']);
    assert.equal(await storage.sweepTemporary(3_600_000), 0, 'too young: it could be in use');
    const swept = await storage.sweepTemporary(-60_000);
    assert.equal(swept, url.startsWith('gs:') ? 0 : 1);
    assert.equal(await storage.sweepTemporary(-60_000), 0);
    assert.equal(await text(storage.get('upload')), 'before');
  });
}

export async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const one of texts) yield Buffer.from(one);
}

export async function text(stream: Promise<Readable>): Promise<string> {
  return Buffer.concat(await collect<Buffer>(await stream)).toString();
}

export async function keys(storage: Storage, prefix: string): Promise<string[]> {
  return (await collect(storage.list(prefix))).map(({ key }) => key);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Rejections by the code of an EarshotError; what throws at once counts too. */
export async function rejects(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof EarshotError, `${code} expected, got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** LARGE bytes in pieces of 64 KiB; each MiB begins and ends with a mark of its own. */
export async function* large(): AsyncGenerator<Uint8Array> {
  for (let mib = 0; mib < LARGE / (1024 * 1024); mib++) {
    const block = Buffer.alloc(1024 * 1024, mib);
    block.write(mark(mib), 0);
    block.write(mark(mib), block.length - 2);
    for (let at = 0; at < block.length; at += 65_536) yield block.subarray(at, at + 65_536);
  }
}

const mark = (mib: number): string => String(mib).padStart(2, '0');

function sha256(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}
