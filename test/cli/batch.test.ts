import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { readTranscript } from '../../src/transcript/read.ts';
import { acquireLock } from '../../src/util/lock.ts';
import { SAMPLES, earshot } from './run-cli.ts';

let cwd: string;
const made: string[] = [];
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'earshot-batch-'));
  made.push(cwd);
  await mkdir(join(cwd, 'raw_audio'));
});
after(() => Promise.all(made.map((folder) => rm(folder, { recursive: true }))));

const put = (name: string, sample = 'silence.flac'): Promise<void> =>
  copyFile(join(SAMPLES, sample), join(cwd, 'raw_audio', name));
const batch = (...more: string[]) => earshot(['batch', '--root', cwd, ...more], { cwd });
const names = async (folder: string): Promise<string[]> => (await readdir(join(cwd, folder))).sort();

test('every recording gets its audio, its JSON and its transcripts; the second run has nothing to do', async () => {
  await put('one.flac');
  const first = await batch();
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(await names('input_audio'), ['one.wav']);
  assert.deepEqual(await names('whisper_json'), ['one.json']);
  assert.deepEqual(await names('transcripts'), ['one.srt', 'one.txt']);
  assert.equal((await stat(join(cwd, 'input_audio/one.wav'))).size, 44 + 2 * 16_000);

  const written = await stat(join(cwd, 'whisper_json/one.json'));
  const second = await batch();
  assert.deepEqual([second.code, second.stdout], [0, '']);
  assert.match(second.stderr, /nothing to do: 1 of 1 recordings are done/);
  assert.equal((await stat(join(cwd, 'whisper_json/one.json'))).mtimeMs, written.mtimeMs);
});

test('recordings of one stem keep their results apart, also when one comes later', async () => {
  await put('one.flac');
  await batch();
  await put('one.aac.flac');
  await put('one.aif', 'tone.flac');
  const { code, stderr } = await batch();
  assert.equal(code, 0, stderr);
  const owner = async (stem: string): Promise<string> =>
    (await readTranscript(join(cwd, 'whisper_json', `${stem}.json`))).source.name;
  assert.equal(await owner('one'), 'one.flac');
  assert.equal(await owner('one.aif'), 'one.aif');
  assert.equal(await owner('one.aac'), 'one.aac.flac');
  assert.match((await batch()).stderr, /nothing to do: 3 of 3/);
});

test('a missing part is made again, a recording that was replaced gets results of its own', async () => {
  await put('one.flac');
  await batch();
  await rm(join(cwd, 'transcripts/one.srt'));
  await batch();
  assert.ok((await names('transcripts')).includes('one.srt'));
  await put('one.flac', 'tone.flac');
  assert.equal((await batch()).code, 0);
  assert.deepEqual(await names('whisper_json'), ['one.flac.json', 'one.json']);
});

test('one that fails does not stop the others', async () => {
  await put('good.flac');
  await writeFile(join(cwd, 'raw_audio/bad.wav'), 'no media');
  const { code, stderr } = await batch();
  assert.equal(code, 1);
  assert.match(stderr, /bad\.wav cannot be read as media/);
  assert.deepEqual(await names('whisper_json'), ['good.json']);
});

test('an empty folder is nothing to do; a missing one is an error; a locked one waits for nobody', async () => {
  const empty = await batch();
  assert.equal(empty.code, 0);
  assert.match(empty.stderr, /nothing to do/);
  const lock = await acquireLock(join(cwd, '.earshot-batch.lock'), 'test');
  const locked = await batch();
  await lock.release();
  assert.equal(locked.code, 1);
  assert.match(locked.stderr, /another Earshot .* is working on/);
  await rm(join(cwd, 'raw_audio'), { recursive: true });
  assert.equal((await batch()).code, 1);
});
