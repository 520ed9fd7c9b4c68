/**
 * Every format against its golden file in test/golden. After a wanted change: EARSHOT_UPDATE_GOLDEN=1 node --test
 * test/writers/golden.test.ts, then read the difference before committing it.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { WRITERS } from '../../src/writers/index.ts';
import { DEFAULT_WRITER_OPTIONS, type Writer } from '../../src/writers/writer.ts';
import { EMPTY, RICH } from './fixture.ts';

const FOLDER = join(import.meta.dirname, '..', 'golden');
const UPDATE = process.env['EARSHOT_UPDATE_GOLDEN'] === '1';

for (const [name, transcript] of [
  ['rich', RICH],
  ['empty', EMPTY],
] as const) {
  for (const writer of WRITERS) {
    void test(`${writer.format} of the ${name} transcript is as in its golden file`, async () => {
      const path = join(FOLDER, fileName(name, writer));
      const text = writer.render(transcript, DEFAULT_WRITER_OPTIONS);
      if (UPDATE) {
        await mkdir(FOLDER, { recursive: true });
        await writeFile(path, text);
      }
      assert.equal(text, await readFile(path, 'utf8'));
    });
  }
}

void test('no golden file is left of a format that is gone', async () => {
  const wanted = ['rich', 'empty'].flatMap((name) => WRITERS.map((writer) => fileName(name, writer)));
  assert.deepEqual((await readdir(FOLDER)).sort(), wanted.sort());
});

void test('rendering changes nothing of the transcript and gives the same text again', () => {
  const before = structuredClone(RICH);
  for (const writer of WRITERS)
    assert.equal(
      writer.render(RICH, DEFAULT_WRITER_OPTIONS),
      writer.render(structuredClone(RICH), DEFAULT_WRITER_OPTIONS),
    );
  assert.deepEqual(RICH, before);
});

function fileName(name: string, writer: Writer): string {
  return `${name}${writer.extension}`;
}
