import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { run } from '../../src/util/process.ts';
import { readTranscript } from '../../src/transcript/read.ts';
import { SAMPLES, earshot } from './run-cli.ts';

let cwd: string;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'earshot-resume-'));
  // A short piece of speech three times, with long pauses: three chunks of little work.
  const filter = '[0:a]atrim=0:1.5,apad=pad_dur=12,asplit=3[a][b][c];[a][b][c]concat=n=3:v=0:a=1';
  const args = [
    '-v',
    'error',
    '-i',
    join(SAMPLES, 'clip.flac'),
    '-filter_complex',
    filter,
    join(cwd, 'talk.wav'),
  ];
  const made = await run('ffmpeg', args);
  assert.equal(made.code, 0, made.stderr);
});
after(() => rm(cwd, { recursive: true }));

const SCHEMA = join(import.meta.dirname, '../../docs/reference/transcript.schema.json');
const ARGS = ['transcribe', 'talk.wav', '--engine', 'pocketsphinx', '--jobs', '1', '--formats', 'json,txt'];

/** Sends the signal as soon as one chunk has been checkpointed. */
function signalAfterFirstChunk(child: ChildProcess, work: string, signal: NodeJS.Signals): FSWatcher {
  return watch(work, { recursive: true }, (_event, name) => {
    // Once: a second SIGINT would end it at once.
    if (name !== null && /^chunk-.*\.json$/.test(basename(name)) && !child.killed) child.kill(signal);
  });
}

async function checkpoints(work: string): Promise<string[]> {
  const names = await readdir(work, { recursive: true });
  return names.filter((name) => /chunk-[^/]*\.json$/.test(name));
}

async function content(path: string): Promise<unknown> {
  const { receipt: _, stages: _stages, ...rest } = await readTranscript(path);
  return rest;
}

test('Ctrl-C and kill -9 in the middle: exit code 130, nothing half-written, and the same transcript after resuming', async () => {
  const plain = await earshot([...ARGS, '--out', 'plain'], { cwd });
  assert.equal(plain.code, 0, plain.stderr);
  const schema = JSON.parse(await readFile(SCHEMA, 'utf8')) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const written = JSON.parse(await readFile(join(cwd, 'plain/talk.json'), 'utf8')) as { segments: unknown[] };
  assert.ok(validate(written), JSON.stringify(validate.errors));
  assert.ok(written.segments.length > 0, 'words were recognised');

  const work = join(cwd, 'data/work');
  await mkdir(work, { recursive: true });
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    let watcher: FSWatcher | undefined;
    const cut = await earshot([...ARGS, '--out', signal], {
      cwd,
      onStart: (child) => (watcher = signalAfterFirstChunk(child, work, signal)),
    });
    watcher?.close();
    assert.equal(cut.code, signal === 'SIGINT' ? 130 : null, cut.stderr);
    if (signal === 'SIGINT')
      assert.match(cut.stderr, /cancelled by SIGINT\n {2}hint: run the same command again/);
    assert.deepEqual(
      (await readdir(join(cwd, signal))).filter((name) => !name.startsWith('.')),
      [],
    );
    const kept = await checkpoints(work);
    assert.ok(kept.length > 0, 'finished chunks are kept');
    const resumed = await earshot([...ARGS, '--out', signal], { cwd });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(await checkpoints(work), [], 'the work is removed after success');
    assert.deepEqual((await readdir(join(cwd, signal))).sort(), ['talk.json', 'talk.txt']);
    assert.deepEqual(
      await content(join(cwd, signal, 'talk.json')),
      await content(join(cwd, 'plain/talk.json')),
    );
    assert.equal(
      await readFile(join(cwd, signal, 'talk.txt'), 'utf8'),
      await readFile(join(cwd, 'plain/talk.txt'), 'utf8'),
    );
  }
});
