import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { COMMANDS } from '../../src/config/commands.ts';
import { run } from '../../src/util/process.ts';
import { earshot, jsonLines, MAIN } from './run-cli.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-usage-'))));
after(() => rm(cwd, { recursive: true }));

test('an unknown flag is exit code 2 and a suggestion', async () => {
  const { code, stdout, stderr } = await earshot(['transcribe', '--fromats', 'txt', 'x.wav'], { cwd });
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  assert.equal(stderr, "earshot: unknown option '--fromats'\n  hint: did you mean --formats?\n");
});

test('a flag that other commands call so is exit code 2 and what this one calls it', async () => {
  const told = { jobs: ['--formats', '--to'], convert: ['--format', '--to'], submit: ['--to', '--formats'] };
  for (const [command, [wrong = '', right]] of Object.entries(told)) {
    const { code, stderr } = await earshot([command, 'result', wrong, 'srt'], { cwd });
    assert.equal(code, 2);
    assert.equal(stderr, `earshot: unknown option '${wrong}'\n  hint: did you mean ${right}?\n`);
  }
});

test('an unknown command is exit code 2 and a suggestion; a file in its place is told what to write', async () => {
  const unknown = await earshot(['trancribe'], { cwd });
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /hint: did you mean transcribe\?/);
  const file = await earshot(['talk.wav'], { cwd });
  assert.equal(file.code, 2);
  assert.match(file.stderr, /hint: to transcribe it: node \S*src\/cli\/main\.ts transcribe talk\.wav/);
});

test('help for a command that does not exist is exit code 2 and a suggestion', async () => {
  const near = await earshot(['help', 'transcibe'], { cwd });
  assert.deepEqual([near.code, near.stdout], [2, '']);
  assert.match(near.stderr, /no command 'transcibe'.*\n {2}hint: did you mean transcribe\?/);
  const far = await earshot(['help', 'nope'], { cwd });
  assert.equal(far.code, 2);
  assert.match(far.stderr, /--help lists them/);
  for (const known of [['help'], ['help', 'help'], ['help', 'convert'], ['help', '--help']]) {
    const { code, stdout } = await earshot(known, { cwd });
    assert.equal(code, 0, known.join(' '));
    assert.match(stdout, /^Usage: /);
  }
});

test('a file whose name looks like a flag is told how to be given', async () => {
  const { code, stderr } = await earshot(['transcribe', '-rf'], { cwd });
  assert.equal(code, 2);
  assert.match(stderr, /goes after --/);
});

test('a missing argument and no command at all are exit code 2', async () => {
  assert.equal((await earshot(['transcribe'], { cwd })).code, 2);
  assert.equal((await earshot([], { cwd })).code, 2);
  assert.equal((await earshot(['batch'], { cwd })).code, 2);
  assert.equal((await earshot(['models', 'lst'], { cwd })).code, 2);
});

test('an empty argument is exit code 2, not the folder that one is in', async () => {
  for (const command of ['transcribe', 'submit']) {
    const { code, stdout, stderr } = await earshot([command, ''], { cwd });
    assert.deepEqual([code, stdout], [2, ''], command);
    assert.match(stderr, /an argument is empty/);
  }
});

test('TypeScript in a folder is no video', async () => {
  await writeFile(join(cwd, 'G.ts'), `G${' '.repeat(500)}`);
  const { code, stderr } = await earshot(['transcribe', '.'], { cwd });
  await rm(join(cwd, 'G.ts'));
  assert.equal(code, 1);
  assert.match(stderr, /no media file in this folder/);
});

test('a configuration with three mistakes is three lines, each with its place, and exit code 2', async () => {
  const file = join(cwd, 'earshot.config.json');
  await writeFile(file, JSON.stringify({ formts: ['txt'], jobs: -1, language: 'klingon' }));
  const { code, stderr } = await earshot(['transcribe', 'x.wav'], { cwd });
  await rm(file);
  assert.equal(code, 2);
  const [head, ...lines] = stderr.trimEnd().split('\n');
  assert.equal(head, 'earshot: 3 settings are wrong:');
  assert.equal(lines.length, 3);
  for (const line of lines) assert.ok(line.startsWith(`  ${file}: `), line);
  assert.match(lines[0] as string, /formts: unknown setting; did you mean "formats"\?/);
});

test('a variable of ours that nothing reads is a warning on stderr, once, unless it shall be quiet', async () => {
  const env = { EARSHOT_DIARISATION: 'off', WHATEVER: 'x' };
  const told = 'warning: EARSHOT_DIARISATION: unknown setting; did you mean EARSHOT_DIARIZATION?\n';
  const { code, stderr } = await earshot(['models', 'list', '--json'], { cwd, env });
  assert.deepEqual([code, stderr], [0, told]);
  assert.equal((await earshot(['models', 'list', '--quiet'], { cwd, env })).stderr, '');
});

test('with --json an error is one JSON object on stdout, and no stack anywhere', async () => {
  const { code, stdout, stderr } = await earshot(['transcribe', 'x.wav', '--json', '--jobs', 'many'], {
    cwd,
  });
  assert.equal(code, 2);
  const [line, ...rest] = jsonLines(stdout);
  assert.equal(rest.length, 0);
  assert.equal(line?.['ok'], false);
  assert.equal((line?.['error'] as Record<string, unknown>)['code'], 'config_invalid');
  assert.doesNotMatch(stdout + stderr, /at .*\.ts/);
  const debugged = await earshot(['transcribe', 'x.wav', '--jobs', 'many'], {
    cwd,
    env: { EARSHOT_DEBUG: '1' },
  });
  assert.match(debugged.stderr, /at .*\.ts/);
});

test('version and help go to stdout', async () => {
  const version = await earshot(['--version'], { cwd });
  assert.deepEqual([version.code, version.stderr], [0, '']);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  const help = await earshot(['--help'], { cwd });
  assert.equal(help.code, 0);
  for (const command of COMMANDS) assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
});

test('output that the disk has no room for is an error in words', async () => {
  const [command, ...args] = [process.execPath, MAIN, 'help', 'transcribe'];
  const { code, stderr } = await run('sh', ['-c', '"$@" > /dev/full', 'sh', command, ...args]);
  assert.deepEqual([code, stderr.split('\n').length], [1, 2], stderr);
  assert.match(stderr, /^earshot: the output cannot be written: ENOSPC/);
});

test('a reader that leaves early is no error', async () => {
  const { code, stderr } = await earshot(['help', 'transcribe'], {
    cwd,
    onStart: (child) => child.stdout?.destroy(),
  });
  assert.deepEqual([code, stderr], [0, '']);
});
