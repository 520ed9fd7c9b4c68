import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Settling } from '../../src/cli/watch/settling.ts';
import { WatchState, type Entry } from '../../src/cli/watch/state.ts';
import { EarshotClient, EarshotError, type Job } from '../../src/client/index.ts';
import { openBucket } from '../../src/storage/index.ts';
import { systemClock } from '../../src/util/clock.ts';
import { running, transcript } from '../server/fixture.ts';
import { serveGoogleStorage } from '../storage/gs-server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { earshot, jsonLines, type Ran, type RunOptions } from './run-cli.ts';

const cwd = scratchFolder();

test('watch', async (t) => {
  let isBad = true;
  const server = await running(t, {
    transcribe: ({ name }) => {
      if (name.startsWith('bad') && isBad)
        throw new EarshotError('recording_unreadable', 'it holds no sound');
      return Promise.resolve(transcript());
    },
  });
  const client = new EarshotClient({ url: server.url });
  const watch = (args: readonly string[], more: Partial<RunOptions> = {}): Promise<Ran> =>
    earshot(['watch', '--settle-seconds', '0.1', '--poll-seconds', '0.1', ...args], {
      cwd,
      ...more,
      env: { EARSHOT_SERVER: server.url, ...more.env },
    });
  const jobs = async (): Promise<Job[]> => all(client.jobs.list());
  const file = async (name: string, content = `RIFF of ${name}`): Promise<void> => {
    await mkdir(join(cwd, name, '..'), { recursive: true });
    await writeFile(join(cwd, name), content);
  };

  await t.test(
    'each recording becomes a job once; results lie beside it, under names of their own',
    async () => {
      for (const name of ['in/a.wav', 'in/A Day/b.wav', 'in/A Day/b.mp3', 'in/notes.txt', 'in/.hidden.wav'])
        await file(name);
      await file('in/empty.wav', '');
      const { code, stdout, stderr } = await watch(['in', '--once', '--formats', 'json,srt', '--json']);
      assert.equal(code, 0, stderr);
      assert.deepEqual(
        jsonLines(stdout)
          .map(({ path }) => path)
          .sort(),
        ['A Day/b.mp3', 'A Day/b.wav', 'a.wav'],
      );
      assert.deepEqual((await readdir(join(cwd, 'in/A Day'))).sort(), [
        ...['b.json', 'b.mp3', 'b.srt', 'b.wav'],
        ...['b.wav.json', 'b.wav.srt'],
      ]);
      assert.deepEqual(JSON.parse(await readFile(join(cwd, 'in/a.json'), 'utf8')), transcript());
      assert.equal((await jobs()).length, 3);
      const again = await watch(['in', '--once', '--json']);
      assert.deepEqual([again.code, again.stdout], [0, '']);
      assert.equal((await jobs()).length, 3);
    },
  );

  await t.test(
    'another recording under the same name is another job, whose results take the place',
    async () => {
      await file('in/a.wav', 'RIFF, another');
      await writeFile(join(cwd, 'in/a.srt'), 'ours, old');
      assert.equal((await watch(['in', '--once', '--formats', 'json,srt'])).code, 0);
      assert.equal((await jobs()).length, 4);
      assert.match(await readFile(join(cwd, 'in/a.srt'), 'utf8'), /Hello there/);
    },
  );

  await t.test(
    'what failed stays recorded with its reason until --retry-failed; results of others stay',
    async () => {
      await file('more/bad.wav');
      await file('more/c.wav');
      await file('more/c.txt', 'my own notes');
      const flags = ['more', '--once', '--json', '--state', 'more.state'];
      const first = await watch(flags);
      assert.equal(first.code, 1);
      const codes = jsonLines(first.stdout).map(({ path, error }) => [
        path,
        (error as { code: string } | undefined)?.code,
      ]);
      assert.deepEqual(codes.sort(), [
        ['bad.wav', 'recording_unreadable'],
        ['c.wav', 'output_exists'],
      ]);
      assert.match(await readFile(join(cwd, 'more.state'), 'utf8'), /"failed".*it holds no sound/);
      assert.equal(await readFile(join(cwd, 'more/c.txt'), 'utf8'), 'my own notes');
      const count = (await jobs()).length;
      const second = await watch(flags);
      assert.deepEqual([second.code, second.stdout], [0, '']);
      isBad = false;
      const third = await watch([...flags, '--retry-failed', '--overwrite']);
      assert.equal(third.code, 0, third.stderr);
      assert.match(await readFile(join(cwd, 'more/bad.txt'), 'utf8'), /Hello there/);
      assert.match(await readFile(join(cwd, 'more/c.txt'), 'utf8'), /Hello there/);
      assert.equal((await jobs()).length, count, 'the jobs that were there ran again');
    },
  );

  await t.test(
    'killed at any moment and started again, no recording is lost and none is done twice',
    async () => {
      const names = Array.from({ length: 12 }, (_, i) => `kill/${i}.wav`);
      for (const name of names) await file(name);
      const before = (await jobs()).length;
      const flags = [
        'kill',
        '--once',
        '--out',
        'killed',
        '--formats',
        'json',
        '--parallel',
        '3',
        '--settle-seconds',
        '0',
      ];
      let kills = 0;
      for (let wait = 320; ; wait += 25) {
        const timer = new AbortController();
        const ended = await watch(flags, {
          onStart: (child) =>
            void systemClock.sleep(wait, timer.signal).then(
              () => child.kill('SIGKILL'),
              () => undefined,
            ),
        });
        timer.abort();
        if (ended.code === 0) break;
        assert.equal(ended.code, null, ended.stderr);
        kills++;
      }
      assert.ok(kills >= 2, `${kills} kills`);
      const results = (await readdir(join(cwd, 'killed'))).filter((name) => !name.startsWith('.'));
      assert.equal(results.length, 12);
      assert.equal((await jobs()).length - before, 12);
    },
  );

  await t.test('it takes what appears while it watches, and SIGTERM is a clean end', async () => {
    await mkdir(join(cwd, 'live'));
    let child: ChildProcess | undefined;
    const ended = watch(['live', '--formats', 'txt', '--json'], { onStart: (process) => (child = process) });
    const line = (): Promise<unknown> => once(child?.stdout as NodeJS.ReadableStream, 'data');
    await Promise.all([line(), file('live/one.wav')]);
    await Promise.all([line(), file('live/two.wav')]);
    const second = await watch(['live', '--once']);
    assert.equal(second.code, 1, 'another one on the same state');
    assert.match(second.stderr, /another Earshot/);
    child?.kill('SIGTERM');
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual((await readdir(join(cwd, 'live'))).sort(), ['one.txt', 'one.wav', 'two.txt', 'two.wav']);
  });

  await t.test('Ctrl-C before all that is there is done is 130 for --once', async () => {
    await file('live/three.wav');
    let child: ChildProcess | undefined;
    const ended = watch(['live', '--once', '--settle-seconds', '60'], {
      onStart: (process) => (child = process),
    });
    await once(child?.stderr as NodeJS.ReadableStream, 'data'); // it looks now
    child?.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /no more watching/);
  });

  await t.test('a bucket: any names, results beside or in a folder, none outside of it', async () => {
    const gs = await serveGoogleStorage(7);
    t.after(() => gs.close());
    process.env['STORAGE_EMULATOR_HOST'] = gs.url;
    t.after(() => delete process.env['STORAGE_EMULATOR_HOST']);
    const env = { STORAGE_EMULATOR_HOST: gs.url };
    const bucket = await openBucket('gs://bucket/calls');
    const put = (key: string): Promise<unknown> =>
      bucket.put(key, Readable.from([Buffer.from(`RIFF of ${key}`)]));
    for (const key of ['Monday 9:00/Frau Müller.wav', 'x.mp3', 'notes.md', '../out of it.wav'])
      await put(key);
    const before = (await jobs()).length;
    const beside = await watch(['gs://bucket/calls', '--once', '--formats', 'txt,json'], { env });
    assert.equal(beside.code, 0, beside.stderr);
    const keys = (await all(bucket.list(''))).map(({ key }) => key);
    for (const key of [
      'Monday 9:00/Frau Müller.json',
      'Monday 9:00/Frau Müller.txt',
      'x.json',
      '../out of it.txt',
    ])
      assert.ok(keys.includes(key), `${key} in ${keys.join()}`);
    assert.equal((await jobs()).length - before, 3);
    const again = await watch(['gs://bucket/calls/', '--once', '--json'], { env });
    assert.deepEqual([again.code, again.stdout], [0, '']);
    await put('x.mp3');
    const anew = await watch(['gs://bucket/calls', '--once', '--json', '--formats', 'txt'], { env });
    assert.deepEqual(
      jsonLines(anew.stdout).map(({ path }) => path),
      ['x.mp3'],
    );

    const flags = [
      'gs://bucket/calls',
      '--once',
      '--out',
      'from-bucket/below',
      '--state',
      'other.state',
      '--json',
    ];
    const toFolder = await watch([...flags, '--formats', 'txt'], { env });
    assert.equal(toFolder.code, 1);
    const failed = jsonLines(toFolder.stdout).filter(({ ok }) => ok === false);
    assert.deepEqual(
      failed.map(({ path }) => path),
      ['../out of it.wav'],
    );
    assert.deepEqual(await readdir(join(cwd, 'from-bucket')), ['below']);
    assert.deepEqual((await readdir(join(cwd, 'from-bucket/below'))).sort(), ['Monday 9:00', 'x.txt']);
  });

  await t.test('a folder that no result can be written to ends it before anything is sent', async () => {
    const before = (await jobs()).length;
    await file('sent/a.wav');
    await file('sent/taken', 'a file');
    for (const out of ['/proc/results', 'sent/taken']) {
      const { code, stdout } = await watch(['sent', '--once', '--out', out, '--json'], {
        onStart: (child) => t.after(() => child.kill('SIGKILL')),
      });
      assert.equal(code, 1);
      assert.match(stdout, /^\{"ok":false,"error":\{"code":"output_unwritable"/);
    }
    assert.equal((await jobs()).length, before);
  });

  await t.test(
    'a place that is not there, and a state of another place, are wrong usage and not a new beginning',
    async () => {
      assert.equal((await watch(['nowhere', '--once'])).code, 1);
      const other = await watch(['in', '--once', '--state', 'more.state']);
      assert.equal(other.code, 2);
      assert.match(other.stderr, /it is that of .*more/);
    },
  );
});

test('a file has settled once it stayed the same from one look to a later one', () => {
  let now = 0;
  const settling = new Settling(1000, { now: () => now, sleep: () => Promise.resolve() });
  const look = (...generations: string[]): string[] =>
    settling
      .settled(generations.map((generation, i) => ({ name: String(i), generation })))
      .map(({ name }) => name);
  assert.deepEqual(look('a'), []);
  now = 999;
  assert.deepEqual(look('a', 'x'), []);
  now = 1000;
  assert.deepEqual(look('a', 'x'), ['0']);
  now = 1500;
  assert.deepEqual(look('b', 'x'), []);
  now = 2000;
  assert.deepEqual(look('b', 'x'), ['1']);
  look();
  assert.deepEqual(look('b', 'x'), [], 'one that was gone begins anew');
});

test('the state survives a line that was cut off by a kill, and nothing else is let pass', async () => {
  const path = join(cwd, 'some.state');
  const entry = (name: string): Entry => ({
    ...{ name, generation: 'g', status: 'waiting', attempt: 1, base: name, settings: { language: 'de' } },
    ...{ job_id: 'j', outputs: [], error: null, at: '' },
  });
  const state = await WatchState.open(path, 'here');
  await state.put(entry('a'));
  await state.put(entry('b'));
  await state.put({ ...entry('a'), status: 'done' });
  await assert.rejects(WatchState.open(path, 'here'), { code: 'locked' });
  await state.close();
  await appendFile(path, '{"name":"c","gener');
  const again = await WatchState.open(path, 'here');
  assert.deepEqual([...again.all()], [{ ...entry('a'), status: 'done' }, entry('b')]);
  await again.close();
  assert.equal((await readFile(path, 'utf8')).split('\n').length, 4, 'a line an entry');
  await assert.rejects(WatchState.open(path, 'elsewhere'), { code: 'config_invalid' });
  await appendFile(path, 'no entry\n');
  await assert.rejects(WatchState.open(path, 'here'), { code: 'config_invalid' });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
