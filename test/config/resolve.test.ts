import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { foldersOf } from '../../src/config/folders.ts';
import { OPTIONS, optionsOf, type Settings } from '../../src/config/options.ts';
import { transcribeOptions, writerOptions } from '../../src/config/pipeline.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import { EarshotError } from '../../src/errors.ts';
import { catalogue } from '../../src/models/index.ts';
import { diarizationOptions, recognitionOptions } from '../../src/pipeline/stage-options.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-config-'))));
after(() => rm(cwd, { recursive: true }));

const settings = (flags: Record<string, unknown>, env: Record<string, string> = {}): Promise<Settings> =>
  resolveSettings({ command: 'transcribe', flags, env, cwd });

async function mistakesOf(
  flags: Record<string, unknown>,
  env: Record<string, string> = {},
): Promise<string[]> {
  const error = await settings(flags, env).then(
    () => assert.fail('expected an error'),
    (thrown: unknown) => thrown as EarshotError,
  );
  assert.ok(error instanceof EarshotError);
  assert.equal(error.code, 'config_invalid');
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

test('three mistakes in a file, one in a variable and one in a flag are five lines, each with its place', async () => {
  const file = join(cwd, 'wrong.json');
  await writeFile(file, JSON.stringify({ formts: ['txt'], jobs: 0, diarization: 'classik' }));
  assert.deepEqual(await mistakesOf({ config: file, maxLines: 'many' }, { EARSHOT_LANGUAGE: 'English' }), [
    `${file}: formts: unknown setting; did you mean "formats"?`,
    `${file}: diarization: expected auto, pyannote, classic, channels, off, got "classik"; did you mean "classic"?`,
    `${file}: jobs: expected a whole number from 1 to 256, got 0`,
    'EARSHOT_LANGUAGE: expected auto or a language code such as en, de or yue, got "English"; did you mean "en"?',
    '--max-lines: expected a whole number from 1 to 10, got "many"',
  ]);
});

test('a key written as a flag or in snake case is recognised in the suggestion', async () => {
  const file = join(cwd, 'case.json');
  await writeFile(file, JSON.stringify({ 'max-line-chars': 40, min_speakers: 2 }));
  assert.deepEqual(await mistakesOf({ config: file }), [
    `${file}: max-line-chars: unknown setting; did you mean "maxLineChars"?`,
    `${file}: min_speakers: unknown setting; did you mean "minSpeakers"?`,
  ]);
});

test('a file that is asked for and missing, no JSON, or no object is a mistake', async () => {
  assert.match(
    (await mistakesOf({ config: 'nowhere.json' }))[0] as string,
    /nowhere\.json: cannot be read \(ENOENT\)/,
  );
  await writeFile(join(cwd, 'broken.json'), '{');
  assert.match((await mistakesOf({ config: 'broken.json' }))[0] as string, /broken\.json: is not JSON/);
  await writeFile(join(cwd, 'list.json'), '[]');
  assert.match((await mistakesOf({ config: 'list.json' }))[0] as string, /list\.json: expected an object/);
});

test('settings that contradict each other are refused', async () => {
  assert.deepEqual(await mistakesOf({ minSpeakers: '4', maxSpeakers: '2' }), [
    '--min-speakers: 4 is more than --max-speakers 2',
  ]);
  assert.equal((await mistakesOf({ speakers: '2', maxSpeakers: '3' })).length, 1);
  assert.equal((await mistakesOf({ engine: 'remote' })).length, 1);
  assert.deepEqual(await mistakesOf({ engine: 'remote', workers: 'gpu' }), [
    '--workers: expected a list of http:// or https:// URLs, got "gpu"',
  ]);
});

test('a code that names no language is refused together with every other mistake', async () => {
  assert.deepEqual(await mistakesOf({ speakers: '3', minSpeakers: '5', language: 'xx' }), [
    '--language: expected auto or a language code such as en, de or yue, got "xx"',
    '--speakers: is exact; leave --min-speakers and --max-speakers away',
  ]);
  for (const code of ['en', 'yue', 'haw', 'jw', 'auto'])
    assert.equal((await settings({ language: code })).language, code);
  for (const [given, meant] of [
    ['EN', 'en'],
    ['en-US', 'en'],
    ['deu', 'de'],
    ['German', 'de'],
  ] as const)
    assert.match((await mistakesOf({ language: given }))[0] as string, new RegExp(`did you mean "${meant}"`));
  for (const none of ['zxx', 'und', 'qqq', 'klingon'])
    assert.doesNotMatch((await mistakesOf({ language: none }))[0] as string, /did you mean/);
});

test('every language of a model in the catalogue can be asked for', async () => {
  for (const code of new Set(catalogue.flatMap(({ languages }) => languages)))
    assert.equal((await settings({ language: code })).language, code);
});

test('lists come by comma, repeated flag or JSON; none is an empty list', async () => {
  assert.deepEqual((await settings({ formats: 'txt, srt' })).formats, ['txt', 'srt']);
  assert.deepEqual((await settings({ enrich: 'none' })).enrich, []);
  assert.equal((await mistakesOf({ formats: 'none' })).length, 1);
});

test('an empty variable is not set, a variable of our own wins over the general one', async () => {
  assert.deepEqual((await settings({}, { EARSHOT_JOBS: '' })).jobs, null);
  const env = { WORKER_URLS: 'http://a', EARSHOT_WORKERS: 'http://b' };
  assert.deepEqual((await settings({}, env)).workers, ['http://b']);
});

test('a general variable for another command is not looked at; one of our own is checked and not taken', async () => {
  assert.equal((await settings({}, { PORT: 'tcp://10.0.0.1:80' })).port, OPTIONS.port.default);
  assert.equal((await settings({}, { EARSHOT_PORT: '9000' })).port, OPTIONS.port.default);
  // What Kubernetes says of a Service called "earshot".
  assert.equal((await settings({}, { EARSHOT_PORT: 'tcp://10.0.0.1:80' })).port, OPTIONS.port.default);
  assert.deepEqual(await mistakesOf({}, { EARSHOT_PORT: 'x' }), [
    'EARSHOT_PORT: expected a whole number from 0 to 65535, got "x"',
  ]);
});

test('a list takes any case, and a mistake in it names the item that is wrong', async () => {
  assert.deepEqual(
    (await settings({ formats: 'TXT,textgrid,Srt' })).formats.map((each) => each.toLowerCase()),
    ['txt', 'textgrid', 'srt'],
  );
  assert.match(
    (await mistakesOf({ formats: 'md,vvt' }))[0] as string,
    /^--formats: expected a list of .*, got "vvt"; did you mean "vtt"\?$/,
  );
});

test('a wrong secret is not repeated in the message', async () => {
  const error = await resolveSettings({
    command: 'serve',
    flags: {},
    env: { EARSHOT_API_KEY: 'hunter2' },
    cwd,
  }).catch((thrown: unknown) => thrown as EarshotError);
  assert.ok(error instanceof EarshotError);
  assert.doesNotMatch(error.message, /hunter2/);
});

test('every setting of transcribe reaches the pipeline, the writers or the command itself', async () => {
  const usual = await settings({});
  const ofTheCommand = new Set([
    'out',
    'formats',
    'overwrite',
    'allowPrivate',
    'maxDownloadMb',
    'json',
    'quiet',
    'config',
  ]);
  const derived = (from: Settings): string =>
    JSON.stringify([transcribeOptions(from, foldersOf(from, cwd), null), writerOptions(from)]);
  for (const name of optionsOf('transcribe')) {
    const changed = { ...usual, [name]: 'something else' } as Settings;
    assert.equal(derived(changed) !== derived(usual), !ofTheCommand.has(name), name);
  }
});

test('what engines are opened with holds every setting that is for them', async () => {
  const usual = await settings({});
  const folders = (from: Settings) => foldersOf(from, cwd);
  const recognition = (from: Settings): string =>
    JSON.stringify(recognitionOptions(transcribeOptions(from, folders(from), null), '/scratch', {}));
  const diarization = (from: Settings): string =>
    JSON.stringify(diarizationOptions(transcribeOptions(from, folders(from), null), {}));
  const everywhere = ['pull', 'models', 'data', 'modelBaseUrl'];
  const reaches = (derived: (from: Settings) => string, names: readonly string[]): void => {
    for (const name of names)
      assert.notEqual(derived({ ...usual, [name]: 'something else' } as Settings), derived(usual), name);
  };
  reaches(recognition, [...everywhere, 'model', 'language', 'task', 'jobs', 'workers']);
  reaches(diarization, [...everywhere, 'speakers', 'minSpeakers', 'maxSpeakers']);
});
