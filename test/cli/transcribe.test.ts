import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readTranscript } from '../../src/transcript/read.ts';
import { optionalImport } from '../../src/util/optional-import.ts';
import { SAMPLES, earshot, jsonLines } from './run-cli.ts';

// One second of silence goes through the whole pipeline in no time; words are for resume.test.ts.
const SILENCE = join(SAMPLES, 'silence.flac');

let home: string;
let cwd: string;
before(async () => (home = await mkdtemp(join(tmpdir(), 'earshot-transcribe-'))));
after(() => rm(home, { recursive: true }));
beforeEach(async () => (cwd = await mkdtemp(join(home, 'test-'))));

const put = (name: string): Promise<void> => copyFile(SILENCE, join(cwd, name));
const isInstalled = (name: string): boolean => optionalImport<object>(name) !== null;
const listing = async (folder = cwd): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name !== 'data').sort();

test('all formats appear beside the input and nothing else is left', async () => {
  await put('talk.flac');
  const { code, stdout, stderr } = await earshot(['transcribe', 'talk.flac'], { cwd });
  assert.deepEqual([code, stdout], [0, ''], stderr);
  assert.match(stderr, /talk\.flac: warning: no speech was found/);
  assert.deepEqual(await listing(), ['talk.flac', 'talk.json', 'talk.srt', 'talk.txt', 'talk.vtt']);
  const transcript = await readTranscript(join(cwd, 'talk.json'));
  assert.equal(transcript.source.name, 'talk.flac');
});

test('the same again is already done; missing formats are made from the JSON; other options are refused', async () => {
  await put('talk.flac');
  await earshot(['transcribe', 'talk.flac', '--formats', 'json,txt'], { cwd });
  const written = await readFile(join(cwd, 'talk.json'), 'utf8');

  const again = await earshot(['transcribe', 'talk.flac', '--formats', 'json,txt'], { cwd });
  assert.equal(again.code, 0);
  assert.match(again.stderr, /talk\.flac: already done/);
  const more = await earshot(['transcribe', 'talk.flac', '--formats', 'json,txt,srt'], { cwd });
  assert.equal(more.code, 0, more.stderr);
  assert.ok((await listing()).includes('talk.srt'));
  assert.equal(await readFile(join(cwd, 'talk.json'), 'utf8'), written);

  const other = await earshot(['transcribe', 'talk.flac', '--speakers', '2', '--json'], { cwd });
  assert.equal(other.code, 1);
  const [line] = jsonLines(other.stdout);
  assert.equal((line?.['error'] as Record<string, unknown>)['code'], 'output_exists');
  assert.equal(await readFile(join(cwd, 'talk.json'), 'utf8'), written);
  const forced = await earshot(['transcribe', 'talk.flac', '--speakers', '2', '--overwrite'], { cwd });
  assert.equal(forced.code, 0, forced.stderr);
  assert.notEqual(await readFile(join(cwd, 'talk.json'), 'utf8'), written);
});

test('a failed input is reported, the others are done, and the exit code is 1', async () => {
  await put('good.flac');
  await writeFile(join(cwd, 'empty.wav'), '');
  await writeFile(join(cwd, 'noise.wav'), 'this is no media');
  const args = ['transcribe', 'empty.wav', 'missing.wav', 'noise.wav', 'good.flac', '*.ogg', '--json'];
  const { code, stdout } = await earshot(args, { cwd });
  assert.equal(code, 1);
  const lines = jsonLines(stdout);
  const codes = lines.map((line) => [
    line['path'],
    (line['error'] as Record<string, unknown> | undefined)?.['code'] ?? 'ok',
  ]);
  assert.deepEqual(codes, [
    ['missing.wav', 'recording_not_found'],
    ['*.ogg', 'recording_not_found'],
    ['empty.wav', 'recording_empty'],
    ['noise.wav', 'recording_unreadable'],
    ['good.flac', 'ok'],
  ]);
  assert.equal((await listing()).filter((name) => name.startsWith('good.')).length, 5);
});

test('what this machine lacks is said once for all inputs, and nothing but errors with --quiet', async () => {
  for (const name of ['one.flac', 'two.flac']) await put(name);
  for (const name of ['said.flac', 'said again.flac'])
    await copyFile(join(SAMPLES, 'clip.flac'), join(cwd, name));
  const args = ['transcribe', 'one.flac', 'two.flac', '--formats', 'json'];
  const speech = ['said.flac', 'said again.flac'];
  const { code, stderr } = await earshot([...args, ...speech], { cwd });
  assert.equal(code, 0, stderr);
  for (const lack of [
    /^warning: recognised with pocketsphinx, because/gm,
    /^warning: speakers were told apart/gm,
  ])
    assert.equal(stderr.match(lack)?.length, 1, stderr);
  assert.equal(stderr.match(/no speech was found/g)?.length, 2, 'each of them is silent');
  const codes = async (name: string) =>
    (await readTranscript(join(cwd, name))).warnings.map((warning) => warning.code);
  assert.deepEqual(await codes('one.json'), ['no_speech'], 'nothing was recognised by a lesser engine');
  assert.deepEqual(await codes('said again.json'), ['engine_fallback', 'diarization_fallback']);
  const quiet = await earshot([...args, 'three.flac', '--quiet', '--overwrite'], { cwd });
  assert.equal(quiet.code, 1);
  assert.equal(quiet.stderr, 'earshot: three.flac: there is no such file\n');
});

test('an enrichment whose model is not here is told with its mend, and no failure', async () => {
  const args = [
    'transcribe',
    join(SAMPLES, 'clip.flac'),
    '--out',
    '.',
    '--formats',
    'json',
    '--enrich',
    'emotion',
  ];
  const { code, stderr } = await earshot(args, { cwd });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /emotion is unavailable: .* node \S+ models pull sense-voice-small$/m);
  const { stages } = await readTranscript(join(cwd, 'clip.json'));
  assert.equal(stages['emotion']?.status, 'unavailable');
});

test('speakers that could not be told apart, as asked for, are exit code 1, and the words are kept', async (t) => {
  if (!isInstalled('sherpa-onnx-node')) return t.skip('needs sherpa-onnx-node');
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = ['transcribe', join(SAMPLES, 'clip.flac'), '--out', '.', '--engine', 'pocketsphinx'];
  const { code, stdout, stderr } = await earshot(
    [...args, '--diarization', 'pyannote', '--pull', '--model-base-url', mirror, '--json', '--quiet'],
    { cwd },
  );
  server.close();
  assert.equal(code, 1, stderr);
  assert.equal(jsonLines(stdout)[0]?.['status'], 'incomplete');
  assert.match(stderr, /clip\.flac: model pyannote-segmentation-3\.0: .* answered 404/);
  const { stages, segments } = await readTranscript(join(cwd, 'clip.json'));
  assert.equal(stages['diarize']?.status, 'failed');
  assert.ok(segments.length > 0 && segments.every(({ speaker }) => speaker === null));
});

test('an engine that is asked for by name and cannot be had is exit code 3 and the command that mends it', async () => {
  await put('talk.flac');
  for (const [flag, engine, model] of [
    ['--vad', 'silero', 'silero-vad'],
    ['--diarization', 'pyannote', 'pyannote-segmentation-3\\.0 nemo-titanet-small'],
  ] as const) {
    const { code, stderr } = await earshot(['transcribe', 'talk.flac', flag, engine, '--no-pull'], { cwd });
    assert.equal(code, 3, stderr);
    const hint = isInstalled('sherpa-onnx-node') ? `models pull ${model}` : 'npm install sherpa-onnx-node';
    assert.match(stderr, new RegExp(`^earshot: ${engine} cannot run here: .*\\n {2}hint: .*${hint}\\n$`));
    assert.deepEqual(await listing(), ['talk.flac']);
  }
});

test('a URL that cannot be fetched is one failed input beside the others', async () => {
  await put('good.flac');
  const wrong = ['ftp://user:secret@host/talk.wav', 'https://', 'file://elsewhere/talk.wav'];
  const { code, stdout, stderr } = await earshot(['transcribe', ...wrong, 'good.flac', '--json'], { cwd });
  assert.equal(code, 1);
  assert.deepEqual(
    jsonLines(stdout).map((line) => (line['error'] as { code: string } | undefined)?.code ?? 'ok'),
    ['address_refused', 'address_refused', 'recording_not_found', 'ok'],
  );
  assert.match(
    stderr,
    /talk\.wav: expected http:\/\/ or https:\/\/\n {2}hint: fetch it with another program/,
  );
  assert.doesNotMatch(stdout + stderr, /secret/);
});

test('names that a shell, a path or a flag parser could trip over are taken as they are', async () => {
  const names = [
    'a.$(id)',
    '-rf',
    'a b (1).wav',
    'Grüße – 你好 🎙.wav',
    `${'é'.repeat(125)}.wav`,
    ';touch x;.wav',
    '*.wav',
  ];
  for (const name of names) await put(name);
  const { code, stdout, stderr } = await earshot(
    ['transcribe', '--formats', 'json', '--json', '--', ...names],
    { cwd },
  );
  assert.equal(code, 0, stderr);
  for (const [index, line] of jsonLines(stdout).entries()) {
    const [output] = line['outputs'] as string[];
    assert.equal((await readTranscript(output as string)).source.name, names[index]);
    assert.ok(Buffer.byteLength(basename(output as string)) <= 255);
  }
  assert.equal((await listing()).length, names.length * 2);
});

test('two inputs of one stem are told apart, and no input is overwritten', async () => {
  await mkdir(join(cwd, 'in'));
  for (const name of ['in/talk.wav', 'in/talk.flac', 'talk.wav', 'in/page.txt']) await put(name);
  const inputs = ['in/talk.wav', 'in/talk.flac', 'talk.wav', 'in/page.txt'];
  const { code, stderr } = await earshot(['transcribe', ...inputs, '--out', 'out', '--formats', 'json'], {
    cwd,
  });
  assert.equal(code, 0, stderr);
  assert.deepEqual(await listing(join(cwd, 'out')), [
    'page.json',
    'talk.json',
    'talk.wav-2.json',
    'talk.wav.json',
  ]);
  const again = ['transcribe', ...inputs.toReversed(), '--out', 'out', '--formats', 'json', '--json'];
  assert.deepEqual(
    jsonLines((await earshot(again, { cwd })).stdout).map(({ status }) => status),
    inputs.map(() => 'already_done'),
  );

  const beside = await earshot(['transcribe', 'in/page.txt', '--formats', 'txt'], { cwd });
  assert.equal(beside.code, 0, beside.stderr);
  assert.deepEqual(await readFile(join(cwd, 'in/page.txt')), await readFile(SILENCE));
  assert.ok((await listing(join(cwd, 'in'))).includes('page.txt.txt'));
});

test('a folder gives its media files, a pattern those that fit', async () => {
  await mkdir(join(cwd, 'in/deep'), { recursive: true });
  for (const name of ['in/b.wav', 'in/a.flac', 'in/deep/c.mp3', 'in/.hidden.wav']) await put(name);
  await writeFile(join(cwd, 'in/notes.txt'), '');
  await symlink('..', join(cwd, 'in/deep/loop'));
  const run = async (input: string): Promise<unknown[]> => {
    const args = ['transcribe', input, '--json', '--formats', 'json', '--out', `out-${input.length}`];
    return jsonLines((await earshot(args, { cwd })).stdout).map((line) => line['path']);
  };
  assert.deepEqual(await run('in'), ['in/a.flac', 'in/b.wav', 'in/deep/c.mp3']);
  assert.deepEqual(await run('in/**/*.mp3'), ['in/deep/c.mp3']);
});

test('stdin goes to stdout, or to files with --out', async () => {
  const stdin = await readFile(SILENCE);
  const toStdout = await earshot(['transcribe', '-', '--formats', 'json'], { cwd, stdin });
  assert.equal(toStdout.code, 0, toStdout.stderr);
  assert.equal((JSON.parse(toStdout.stdout) as { schema: string }).schema, 'earshot.transcript/1');
  const toFiles = await earshot(['transcribe', '-', '--out', 'out', '--formats', 'srt'], { cwd, stdin });
  assert.equal(toFiles.code, 0, toFiles.stderr);
  assert.deepEqual(await listing(join(cwd, 'out')), ['stdin.srt']);
  assert.equal((await earshot(['transcribe', '-'], { cwd, stdin: Buffer.alloc(0) })).code, 1);
  assert.deepEqual(await readdir(join(cwd, 'data/work/incoming')), []);
});

test('stdin with several formats needs --out; a --json line has the keys it has for files, and the text', async () => {
  const stdin = await readFile(SILENCE);
  const several = await earshot(['transcribe', '-', '--formats', 'txt,srt'], { cwd, stdin });
  assert.deepEqual([several.code, several.stdout], [2, '']);
  assert.match(several.stderr, /one format on stdout, or --out DIR/);

  await put('talk.flac');
  const ofStdin = await earshot(['transcribe', '-', '--formats', 'VTT', '--json'], { cwd, stdin });
  const ofFile = await earshot(['transcribe', 'talk.flac', '--formats', 'vtt', '--json'], { cwd });
  const { output, ...line } = jsonLines(ofStdin.stdout)[0] ?? {};
  assert.match(String(output), /^WEBVTT/);
  assert.deepEqual(Object.keys(line), Object.keys(jsonLines(ofFile.stdout)[0] ?? {}));
  const summaries = [line, jsonLines(ofFile.stdout)[0]].map((each) =>
    Object.keys(each?.['transcript'] ?? {}),
  );
  assert.deepEqual(summaries[0], summaries[1]);
});

test('the message about an input that is not there names it once, as it was given', async () => {
  for (const given of ['nope.wav', './nope.wav']) {
    const { code, stderr } = await earshot(['transcribe', given], { cwd });
    assert.equal(code, 1);
    assert.equal(stderr, `earshot: ${given}: there is no such file\n`);
  }
});

test('a URL whose server fails is one failed input beside the others', async () => {
  await put('good.flac');
  const server = createServer((_request, response) => response.writeHead(500).end());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/talk.wav`;
  const args = ['transcribe', url, 'good.flac', '--allow-private', '--json'];
  const { code, stdout } = await earshot(args, { cwd });
  server.close();
  assert.equal(code, 1);
  const [failed, done] = jsonLines(stdout);
  assert.equal((failed?.['error'] as Record<string, unknown>)['code'], 'recording_unreachable');
  assert.equal(done?.['ok'], true);
});

test('a URL is fetched when its address may be reached', async () => {
  const media = await readFile(SILENCE);
  const server = createServer((_request, response) => response.end(media));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/calls/my%20call.flac?token=secret`;
  const refused = await earshot(['transcribe', url], { cwd });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /--allow-private/);
  const fetched = await earshot(['transcribe', url, '--allow-private', '--formats', 'json'], { cwd });
  server.close();
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.equal((await readTranscript(join(cwd, 'my call.json'))).source.name, 'my call.flac');
  assert.doesNotMatch(refused.stderr + fetched.stderr, /secret/);
});

describe('what would go wrong after hours is found before', () => {
  test('an output folder that cannot be written', async () => {
    await put('talk.flac');
    await writeFile(join(cwd, 'file'), '');
    const file = await earshot(['transcribe', 'talk.flac', '--out', 'file'], { cwd });
    assert.equal(file.code, 1);
    assert.match(file.stderr, /file is a file, not a folder\n {2}hint: choose another folder with --out/);
    for (const out of ['file/below', '/proc/nowhere']) {
      const { code, stderr } = await earshot(['transcribe', 'talk.flac', '--out', out], { cwd });
      assert.equal(code, 1, out);
      assert.match(stderr, /cannot write to the folder .*\n {2}hint: choose another folder with --out/);
    }
  });

  test('ffmpeg that is not there is exit code 3 and the line that installs it', async () => {
    await put('talk.flac');
    const { code, stderr } = await earshot(['transcribe', 'talk.flac'], { cwd, env: { PATH: cwd } });
    assert.equal(code, 3);
    assert.match(stderr, /is not installed.*\n {2}hint: apt-get install ffmpeg/);
    assert.deepEqual(await listing(), ['talk.flac']);
  });

  test('a model that does not exist is a usage error with a suggestion', async () => {
    await put('talk.flac');
    const typo = ['transcribe', 'talk.flac', '--model', 'parakeet-tdt-0.6b-v2', '--json'];
    const { code, stdout, stderr } = await earshot(typo, { cwd });
    assert.equal(code, 2);
    assert.equal((jsonLines(stdout)[0]?.['error'] as Record<string, unknown>)['code'], 'model_unknown');
    assert.match(stderr, /hint: did you mean parakeet-tdt-0\.6b-v3/);
  });

  test('another process at the same output', async () => {
    await put('talk.flac');
    const both = await Promise.all([1, 2].map(() => earshot(['transcribe', 'talk.flac', '--json'], { cwd })));
    for (const { code, stdout } of both) {
      const [line] = jsonLines(stdout);
      if (code === 0) assert.match(String(line?.['status']), /^(done|already_done)$/);
      else assert.equal((line?.['error'] as Record<string, unknown>)['code'], 'locked');
    }
    assert.ok(both.some(({ code }) => code === 0));
    await readTranscript(join(cwd, 'talk.json'));
  });
});
