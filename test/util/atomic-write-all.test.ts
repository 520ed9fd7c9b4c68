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
