import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { atomicWriteAll } from '../../src/util/atomic-write-all.ts';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'earshot-write-'))));
after(() => rm(folder, { recursive: true }));

test('all files appear, in folders made for them', async () => {
  const files = [
    { path: join(folder, 'a/one.txt'), data: '1' },
    { path: join(folder, 'b/two.txt'), data: '2' },
  ];
  await atomicWriteAll(files);
  for (const { path, data } of files) assert.equal(await readFile(path, 'utf8'), data);
});

test('when one cannot be written none appears, and no temporary file stays', async () => {
  const inTheWay = join(folder, 'file');
  await atomicWriteAll([{ path: inTheWay, data: '' }]);
  await mkdir(join(folder, 'c'));
  const files = [
    { path: join(folder, 'c/one.txt'), data: '1' },
    { path: join(inTheWay, 'two.txt'), data: '2' },
  ];
  await assert.rejects(atomicWriteAll(files));
  assert.deepEqual(await readdir(join(folder, 'c')), []);
});

test('pieces of a long text are joined; when they fail half way no file appears', async () => {
  const long = Array.from({ length: 50_000 }, (_, i) => `${i} é\n`);
  await atomicWriteAll([{ path: join(folder, 'd/long.txt'), data: long }]);
  assert.equal(await readFile(join(folder, 'd/long.txt'), 'utf8'), long.join(''));
  await atomicWriteAll([{ path: join(folder, 'd/none.txt'), data: [] }]);
  assert.equal(await readFile(join(folder, 'd/none.txt'), 'utf8'), '');
  function* failing(): Generator<string> {
    yield* long;
    throw new Error('no more');
  }
  const files = [
    { path: join(folder, 'e/one.txt'), data: '1' },
    { path: join(folder, 'e/two.txt'), data: failing() },
  ];
  await assert.rejects(atomicWriteAll(files), /no more/);
  assert.deepEqual(await readdir(join(folder, 'e')), []);
});
