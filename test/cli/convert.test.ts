import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readTranscript } from '../../src/transcript/read.ts';
import { SAMPLES, earshot, jsonLines } from './run-cli.ts';

let cwd: string;
let json: string;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'earshot-convert-'));
  await copyFile(join(SAMPLES, 'silence.flac'), join(cwd, 'talk.flac'));
  const made = await earshot(['transcribe', 'talk.flac', '--formats', 'json', '--enrich', 'none'], { cwd });
  assert.equal(made.code, 0, made.stderr);
  json = await readFile(join(cwd, 'talk.json'), 'utf8');
});
after(() => rm(cwd, { recursive: true }));

test('one format goes to stdout, from a file and from stdin alike', async () => {
  const fromFile = await earshot(['convert', 'talk.json', '--to', 'vtt'], { cwd });
  assert.equal(fromFile.code, 0, fromFile.stderr);
  assert.match(fromFile.stdout, /^WEBVTT/);
  const fromStdin = await earshot(['convert', '-', '--to', 'vtt'], { cwd, stdin: Buffer.from(json) });
  assert.equal(fromStdin.stdout, fromFile.stdout);
});

test('with --json a conversion is one line that holds its text or names its files', async () => {
  const plain = await earshot(['convert', 'talk.json', '--to', 'vtt'], { cwd });
  const toStdout = await earshot(['convert', 'talk.json', '--to', 'vtt', '--json'], { cwd });
  assert.deepEqual(jsonLines(toStdout.stdout), [
    { path: 'talk.json', ok: true, outputs: [], output: plain.stdout },
  ]);
  const args = ['convert', 'talk.json', '--to', 'vtt', '--json', '--out', 'json-out'];
  const outputs = [join(cwd, 'json-out/talk.vtt')];
  assert.deepEqual(jsonLines((await earshot(args, { cwd })).stdout), [
    { path: 'talk.json', ok: true, outputs },
  ]);
  const enrich = ['enrich', 'talk.json', '--audio', 'talk.flac', '--enrich', 'prosody'];
  const [line] = jsonLines((await earshot([...enrich, '--json'], { cwd })).stdout);
  assert.equal(line?.['output'], (await earshot(enrich, { cwd })).stdout);
});

test('several formats go to files, which are not replaced unasked', async () => {
  const args = ['convert', 'talk.json', '--to', 'srt,csv', '--out', 'out'];
  assert.equal((await earshot(args, { cwd })).code, 0);
  assert.deepEqual((await readdir(join(cwd, 'out'))).sort(), ['talk.csv', 'talk.srt']);
  const again = await earshot(args, { cwd });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /already has talk\.srt, talk\.csv\n {2}hint: replace with --overwrite/);
  assert.equal((await earshot([...args, '--overwrite'], { cwd })).code, 0);
});

test('what is no transcript is refused, naming what is wrong', async () => {
  const media = await earshot(['convert', 'talk.flac'], { cwd });
  assert.equal(media.code, 1);
  assert.match(media.stderr, /talk\.flac is not JSON\n {2}hint: give the \.json file that transcribe wrote/);

  await writeFile(join(cwd, 'other.json'), '{"schema":"other"}');
  const { code, stderr } = await earshot(['convert', 'other.json'], { cwd });
  assert.equal(code, 1);
  const [message, hint] = stderr.split('\n');
  assert.equal(
    message,
    `earshot: ${join(cwd, 'other.json')} is not an earshot.transcript/1: schema: expected "earshot.transcript/1", ` +
      'got "other"; id: expected string, it is missing; source: expected object, it is missing; and 8 more',
  );
  assert.equal(hint, '  hint: give the .json file that transcribe wrote');

  const edited = { ...(JSON.parse(json) as object), id: 7, warnings: [{ code: 'x' }], mood: 'fine' };
  await writeFile(join(cwd, 'edited.json'), JSON.stringify(edited));
  const problems = (await earshot(['convert', 'edited.json'], { cwd })).stderr.split('\n')[0] ?? '';
  assert.match(
    problems,
    /: id: expected string, got 7; warnings\[0\]\.message: expected string, it is missing;/,
  );
  assert.match(problems, /; has unknown "mood"$/);
});

test('enrich adds what is asked for, to stdout or in place', async () => {
  const args = ['enrich', 'talk.json', '--audio', 'talk.flac', '--enrich', 'prosody'];
  const toStdout = await earshot(args, { cwd });
  assert.equal(toStdout.code, 0, toStdout.stderr);
  assert.equal(await readFile(join(cwd, 'talk.json'), 'utf8'), json);
  const { stages } = JSON.parse(toStdout.stdout) as { stages: Record<string, { status: string }> };
  assert.notEqual(stages['prosody'], undefined);
  assert.equal((await earshot([...args, '--overwrite'], { cwd })).code, 0);
  assert.deepEqual(
    Object.keys((await readTranscript(join(cwd, 'talk.json'))).stages).sort(),
    Object.keys(stages).sort(),
  );

  const url = await earshot(['enrich', 'talk.json', '--audio', 'https://host/talk.flac'], { cwd });
  assert.equal(url.code, 2);
  assert.match(url.stderr, /expected a file for --audio, got a URL/);

  await copyFile(join(SAMPLES, 'clip.flac'), join(cwd, 'other.flac'));
  const wrong = await earshot(['enrich', 'talk.json', '--audio', 'other.flac'], { cwd });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /was not made from other\.flac/);
});
