import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileInput } from '../../src/cli/inputs.ts';
import { candidateStems, nameOutputs } from '../../src/cli/output-names.ts';
import { sha256 } from '../../src/util/hash.ts';
import { transcript } from '../server/fixture.ts';
import { scratchFolder } from '../support/scratch.ts';

const inputs = (...paths: string[]) => paths.map((path) => fileInput(path, path));
const EXTENSIONS = ['.txt', '.json'];

test('results lie beside the input or in the folder asked for', async () => {
  assert.deepEqual(await nameOutputs(inputs('/a/talk.wav'), null, EXTENSIONS), ['/a/talk']);
  assert.deepEqual(await nameOutputs(inputs('/a/talk.wav'), '/out', EXTENSIONS), ['/out/talk']);
});

test('inputs of one stem, also in another case or normal form, get names of their own', async () => {
  const same = inputs('/a/talk.wav', '/b/talk.wav', '/c/talk.mp3', '/d/TALK.wav', '/e/talk.wav');
  assert.deepEqual(await nameOutputs(same, '/out', EXTENSIONS), [
    '/out/talk',
    '/out/talk.wav',
    '/out/talk.mp3',
    '/out/TALK.wav-2',
    '/out/talk.wav-3',
  ]);
  const forms = await nameOutputs(inputs('/a/\u00e9.wav', '/b/e\u0301.wav'), '/out', EXTENSIONS);
  assert.notEqual(forms[0]?.normalize('NFC'), forms[1]?.normalize('NFC'));
});

test('names do not depend on the order of the inputs, nor on which of them was done before', async () => {
  const out = scratchFolder();
  const path = (name: string): string => join(out, name);
  const named = async (...names: string[]): Promise<string[]> =>
    (await nameOutputs(inputs(...names.map(path)), path('out'), EXTENSIONS)).map((base) => basename(base));
  const done = async (base: string, of: string): Promise<void> => {
    const bytes = await readFile(path(of));
    const source = { ...transcript().source, name: basename(of), sha256: sha256(bytes) };
    await writeFile(path(`out/${base}.json`), JSON.stringify({ ...transcript(), source }));
  };
  for (const folder of ['out', 'b', 'c']) await mkdir(path(folder));
  for (const name of ['talk.wav', 'talk.mp3', 'b/talk.wav', 'c/talk.wav']) await writeFile(path(name), name);

  assert.deepEqual(await named('talk.wav', 'talk.mp3'), ['talk.wav', 'talk']);
  assert.deepEqual(await named('talk.mp3', 'talk.wav'), ['talk', 'talk.wav']);
  await done('talk', 'talk.wav');
  assert.deepEqual(await named('talk.mp3'), ['talk.mp3'], 'what is of another recording is no place');
  assert.deepEqual(await named('talk.mp3', 'talk.wav'), ['talk.mp3', 'talk']);
  await done('talk.mp3', 'talk.mp3');
  assert.deepEqual(await named('talk.wav', 'talk.mp3'), ['talk', 'talk.mp3']);
  assert.deepEqual(await named('talk.mp3'), ['talk.mp3']);

  await done('talk', 'c/talk.wav');
  assert.deepEqual(await named('b/talk.wav', 'c/talk.wav'), ['talk.wav', 'talk'], 'files of one name');
  await writeFile(path('out/talk.json'), 'notes of mine');
  assert.deepEqual(await named('talk.mp3'), ['talk.mp3']);
  assert.deepEqual(await named('b/talk.wav'), ['talk'], 'what is no transcript is in the way, which is told');
});

test('a result never takes the name of an input', async () => {
  assert.deepEqual(await nameOutputs(inputs('/a/page.txt'), null, EXTENSIONS), ['/a/page.txt']);
});

test('long names are cut at a whole character and stay different', async () => {
  const long = (end: string) => `/a/${'語'.repeat(80)}${end}.wav`;
  const names = await nameOutputs(inputs(long('1'), long('2')), '/out', EXTENSIONS);
  assert.notEqual(names[0], names[1]);
  for (const name of names) {
    assert.equal(dirname(name), '/out');
    assert.ok(Buffer.byteLength(`${basename(name)}.slower-whisper.json`) <= 255);
    assert.doesNotMatch(name, /\ufffd/);
  }
});

test('candidates never repeat', () => {
  const first = [...candidateStems('a.wav').take(5)];
  assert.deepEqual(first, ['a', 'a.wav', 'a.wav-2', 'a.wav-3', 'a.wav-4']);
});
