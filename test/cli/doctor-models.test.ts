import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { catalogue } from '../../src/models/index.ts';
import { earshot, jsonLines } from './run-cli.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-doctor-'))));
after(() => rm(cwd, { recursive: true }));

test('doctor finds everything that is needed here, and says what is missing where nothing is', async () => {
  const here = await earshot(['doctor', '--json'], { cwd });
  assert.equal(here.code, 0, here.stdout);
  const rows = jsonLines(here.stdout);
  for (const name of ['node', 'ffmpeg', 'ffprobe', 'recognition', 'disk space'])
    assert.equal(rows.find((row) => row['name'] === name)?.['state'], 'ok', name);

  const bare = await earshot(['doctor'], { cwd, env: { PATH: cwd } });
  assert.equal(bare.code, 3);
  assert.match(bare.stdout, /^missing +ffmpeg +not installed +apt-get install ffmpeg$/m);
});

test('what doctor finds wanting comes with the command that mends it, whole', async () => {
  const { stdout } = await earshot(['doctor', '--json'], { cwd, env: { PATH: cwd } });
  const rows = jsonLines(stdout) as { name: string; state: string; found: string; fix: string | null }[];
  for (const row of rows) assert.equal(row.fix === null, row.state === 'ok', row.name);
  const fixOf = (name: string): string => rows.find((row) => row.name === name)?.fix ?? '';
  const pulled = ['engine whisper-cpp', 'engine sherpa', 'speakers pyannote', 'vad', 'emotion'].flatMap(
    (name) => {
      assert.match(fixOf(name), /(^|&& )node \S+ models pull \S/, name);
      return fixOf(name).split('models pull ')[1]?.split(' ') ?? [];
    },
  );
  assert.deepEqual(
    new Set(pulled.flatMap((name) => catalogue.find((model) => model.name === name)?.tasks)),
    new Set(['recognition', 'segmentation', 'speaker-embedding', 'vad', 'emotion']),
  );
  assert.ok(
    pulled.some((name) => name.startsWith('ggml-')),
    'whisper.cpp needs a model of its own',
  );
});

test('doctor counts the workers that transcribe would use', async () => {
  const env = { WORKER_URLS: 'http://gpu:8001' };
  const { stdout } = await earshot(['doctor'], { cwd, env });
  assert.match(stdout, /^ok +recognition +auto takes remote$/m);
});

test('models list says for each which engine loads it and which to take', async () => {
  const { stdout } = await earshot(['models', 'list'], { cwd });
  const [head = '', ...rows] = stdout.split('\n');
  const column = head.indexOf('recommended for');
  const taken = rows.filter((row) => /^\S/.test(row.slice(column)));
  const cells = taken.map(
    (row) => `${row.trim().split(/ {2,}/).slice(0, 2).join(' of ')} for ${/^\S+/.exec(row.slice(column))}`,
  );
  assert.deepEqual(cells, [
    'parakeet-tdt-0.6b-v3 of sherpa for recognition',
    'sense-voice-small of sherpa for emotion',
    'ggml-large-v3-turbo-q5_0 of whisper-cpp for recognition',
    'silero-vad of silero for vad',
    'pyannote-segmentation-3.0 of pyannote for segmentation',
    'nemo-titanet-small of pyannote for speaker-embedding',
  ]);
  // These are what the engines themselves ask for.
  const fixes = (await earshot(['doctor'], { cwd })).stdout;
  for (const name of cells.map((cell) => cell.split(' ')[0] as string)) assert.ok(fixes.includes(name), name);
});

test('models are listed with size and licence; what is not here can be neither verified nor removed', async () => {
  const { code, stdout } = await earshot(['models', 'list', '--json'], { cwd });
  assert.equal(code, 0);
  assert.deepEqual(
    jsonLines(stdout).map((row) => row['name']),
    catalogue.map(({ name }) => name),
  );
  const name = catalogue[0]?.name as string;
  assert.equal((await earshot(['models', 'verify', name], { cwd })).code, 3);
  assert.match((await earshot(['models', 'remove', name], { cwd })).stdout, /was not on this machine/);
  const wrong = await earshot(['models', 'pull', `${name}x`], { cwd });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, new RegExp(`did you mean ${name}`));
});
