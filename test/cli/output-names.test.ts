import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import { fileInput } from '../../src/cli/inputs.ts';
import { candidateStems, nameOutputs } from '../../src/cli/output-names.ts';

const inputs = (...paths: string[]) => paths.map((path) => fileInput(path, path));
const EXTENSIONS = ['.txt', '.json'];

test('results lie beside the input or in the folder asked for', () => {
  assert.deepEqual(nameOutputs(inputs('/a/talk.wav'), null, EXTENSIONS), ['/a/talk']);
  assert.deepEqual(nameOutputs(inputs('/a/talk.wav'), '/out', EXTENSIONS), ['/out/talk']);
});

test('inputs of one stem, also in another case or normal form, get names of their own', () => {
  const same = inputs('/a/talk.wav', '/b/talk.wav', '/c/talk.mp3', '/d/TALK.wav', '/e/talk.wav');
  assert.deepEqual(nameOutputs(same, '/out', EXTENSIONS), [
    '/out/talk',
    '/out/talk.wav',
    '/out/talk.mp3',
    '/out/TALK.wav-2',
    '/out/talk.wav-3',
  ]);
  const forms = nameOutputs(inputs('/a/\u00e9.wav', '/b/e\u0301.wav'), '/out', EXTENSIONS);
  assert.notEqual(forms[0]?.normalize('NFC'), forms[1]?.normalize('NFC'));
});

test('a result never takes the name of an input', () => {
  assert.deepEqual(nameOutputs(inputs('/a/page.txt'), null, EXTENSIONS), ['/a/page.txt']);
});

test('long names are cut at a whole character and stay different', () => {
  const long = (end: string) => `/a/${'語'.repeat(80)}${end}.wav`;
  const names = nameOutputs(inputs(long('1'), long('2')), '/out', EXTENSIONS);
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
