import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { EarshotClient, EarshotError } from '../../src/client/index.ts';
import { DEFAULT_WRITER_OPTIONS } from '../../src/writers/writer.ts';
import { sha256 } from '../../src/util/hash.ts';
import { findWriter } from '../../src/writers/index.ts';
import { running, transcript } from '../server/fixture.ts';
import { scratchFolder } from '../support/scratch.ts';
import { earshot, jsonLines, type Ran, type RunOptions } from './run-cli.ts';
import { pause } from './serving.ts';

const cwd = scratchFolder();
const MB = 1e6;

test('a recording that is not there is told before, and without, a server', async () => {
  const env = { EARSHOT_SERVER: 'http://127.0.0.1:1' };
  const missing = await earshot(['submit', 'missing.wav'], { cwd, env });
  assert.deepEqual(missing, {
    code: 1,
    stdout: '',
    stderr: 'earshot: missing.wav: there is no such file\n',
  });
  await writeFile(join(cwd, 'here.wav'), 'RIFF');
  const { code, stderr } = await earshot(['submit', 'here.wav', 'missing.wav'], { cwd, env });
  assert.equal(code, 3);
  assert.match(stderr, /^earshot: missing\.wav: there is no such file\n.* cannot be reached/);
});

test('submit', async (t) => {
  const slow = new Set<() => void>();
  const begun: (() => void)[] = [];
  let made = transcript();
  const server = await running(t, {
    limits: { maxUploadBytes: 100 * MB, dedupeSeconds: 600 },
    transcribe: async ({ name }, signal) => {
      begun.shift()?.();
      if (name.startsWith('bad')) throw new EarshotError('recording_unreadable', 'bad.wav holds no sound');
      if (name.startsWith('slow'))
        await new Promise<void>((resolve, reject) => {
          slow.add(resolve);
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      return made;
    },
  });
  const client = new EarshotClient({ url: server.url });
  const submit = (args: readonly string[], more: Partial<RunOptions> = {}): Promise<Ran> =>
    earshot(['submit', ...args], { cwd, ...more, env: { EARSHOT_SERVER: server.url, ...more.env } });
  const jobs = async (): Promise<number> => {
    let count = 0;
    for await (const _ of client.jobs.list()) count++;
    return count;
  };
  const file = async (name: string, content = `RIFF of ${name}`): Promise<void> => {
    await mkdir(join(cwd, name, '..'), { recursive: true });
    await writeFile(join(cwd, name), content);
  };

  await t.test(
    'recordings become files as transcribe writes them; one that fails does not stop the others',
    async () => {
      for (const name of ['in/a.wav', 'in/b/bad.wav', 'in/c.mp3']) await file(name);
      const flags = [
        '--formats',
        'json,srt,TextGrid',
        '--max-line-chars',
        '20',
        '--language',
        'de',
        '--json',
      ];
      const { code, stdout, stderr } = await submit(['in', '--out', 'out', ...flags]);
      assert.equal(code, 1, stderr);
      const lines = jsonLines(stdout).sort((x, y) => (String(x['path']) < String(y['path']) ? -1 : 1));
      assert.deepEqual(
        lines.map(({ path, ok }) => [path, ok]),
        [
          ['in/a.wav', true],
          ['in/b/bad.wav', false],
          ['in/c.mp3', true],
        ],
      );
      assert.equal((lines[1]?.['error'] as { code: string }).code, 'recording_unreadable');
      assert.deepEqual(
        (await readdir(join(cwd, 'out'))).sort(),
        ['TextGrid', 'json', 'srt'].flatMap((e) => [`a.${e}`, `c.${e}`]).sort(),
      );
      assert.deepEqual(JSON.parse(await readFile(join(cwd, 'out/a.json'), 'utf8')), transcript());
      const layout = { ...DEFAULT_WRITER_OPTIONS, maxLineChars: 20 };
      assert.equal(
        await readFile(join(cwd, 'out/a.srt'), 'utf8'),
        findWriter('srt').render(transcript(), layout),
      );
      assert.ok(server.calls.every(({ language }) => language === 'de'));
      assert.ok(server.calls.some(({ name }) => name === 'a.wav'));
    },
  );

  await t.test('what is there already stays, and nothing is sent for it', async () => {
    const before = await jobs();
    const { code, stdout } = await submit(['in/a.wav', '--out', 'out', '--json']);
    assert.equal(code, 1);
    assert.match(stdout, /"code":"output_exists"/);
    assert.equal(await jobs(), before);
    assert.equal((await submit(['in/a.wav', '--out', 'out', '--overwrite'])).code, 0);
  });

  await t.test(
    'what an earlier run saved is done, as transcribe says it, and nothing is sent for it',
    async () => {
      const content = 'RIFF, the very recording';
      const { source, receipt, ...rest } = transcript();
      made = {
        ...rest,
        source: { ...source, sha256: sha256(content) },
        receipt: { ...receipt, options_hash: sha256('2 speakers') },
      };
      await file('again/a.wav', content);
      const flags = ['again/a.wav', '--speakers', '2', '--json'];
      assert.equal((await submit([...flags, '--formats', 'json'])).code, 0);
      const before = await jobs();
      const whole = await submit([...flags, '--formats', 'json,txt']);
      assert.equal(whole.code, 0, whole.stdout);
      assert.match(await readFile(join(cwd, 'again/a.txt'), 'utf8'), /Hello there/);
      const again = await submit([...flags, '--formats', 'json,txt']);
      assert.deepEqual([again.code, jsonLines(again.stdout)[0]?.['status']], [0, 'already_done']);
      const other = await submit(['again/a.wav', '--speakers', '3', '--json']);
      assert.match(other.stdout, /"code":"output_exists"/);
      await file('again/a.wav', 'RIFF, another one');
      assert.match((await submit(flags)).stdout, /"code":"output_exists"/);
      assert.equal(await jobs(), before);
      made = transcript();
    },
  );

  await t.test('--detach prints the ids of jobs and does not wait', async () => {
    await file('slow-1.wav');
    const { code, stdout } = await submit(['slow-1.wav', '--detach']);
    assert.equal(code, 0);
    assert.match(stdout, /^[0-9a-f-]{36}\n$/);
    assert.equal((await client.jobs.cancel(stdout.trim())).name, 'slow-1.wav');
  });

  await t.test('what is printed has the order of the inputs, whichever ends first', async () => {
    await file('order/1-large.wav', 'RIFF'.repeat(20 * MB));
    await file('order/2-small.wav');
    const sent = await submit(['order/1-large.wav', 'order/2-small.wav', '--detach', '--json']);
    assert.deepEqual(
      jsonLines(sent.stdout).map(({ path }) => path),
      ['order/1-large.wav', 'order/2-small.wav'],
    );
    await file('order/slow-4.wav');
    const ended = submit(['order/slow-4.wav', 'order/2-small.wav', '--json', '--formats', 'json']);
    await until(() => existsSync(join(cwd, 'order/2-small.json')));
    for (const release of slow) release();
    assert.deepEqual(
      jsonLines((await ended).stdout).map(({ path }) => path),
      ['order/slow-4.wav', 'order/2-small.wav'],
    );
  });

  await t.test('stdin is sent as it comes', async () => {
    const { code, stderr } = await submit(['-', '--formats', 'txt'], {
      stdin: Buffer.alloc(300_000, 'RIFF'),
    });
    assert.equal(code, 0, stderr);
    assert.match(await readFile(join(cwd, 'stdin.txt'), 'utf8'), /Hello there/);
  });

  await t.test('an address is left to the server, which refuses private ones', async () => {
    const { code, stderr } = await submit([`${server.url}/talk.wav`]);
    assert.equal(code, 1);
    assert.match(stderr, /private|address/);
  });

  await t.test('after Ctrl-C the job goes on, and the same command again saves its result', async () => {
    await file('slow-2.wav');
    const started = new Promise<void>((resolve) => begun.push(resolve));
    let child: ChildProcess | undefined;
    const ended = submit(['slow-2.wav'], { onStart: (process) => (child = process) });
    await started;
    const count = await jobs();
    child?.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    const [, id = ''] = /the job goes on: .* jobs result ([0-9a-f-]{36}) --server http/.exec(stderr) ?? [];
    assert.equal((await client.jobs.get(id)).status, 'processing');
    for (const release of slow) release();
    const again = await submit(['slow-2.wav', '--json']);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(jsonLines(again.stdout)[0]?.['job_id'], id);
    assert.equal(await jobs(), count);
    assert.match(await readFile(join(cwd, 'slow-2.txt'), 'utf8'), /Hello there/);
  });

  await t.test('--cancel-on-exit takes the job along', async () => {
    await file('slow-3.wav');
    const started = new Promise<void>((resolve) => begun.push(resolve));
    let child: ChildProcess | undefined;
    const ended = submit(['slow-3.wav', '--cancel-on-exit'], { onStart: (process) => (child = process) });
    await started;
    child?.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130);
    const [, id = ''] = /job ([0-9a-f-]{36}) is cancelled/.exec(stderr) ?? [];
    assert.equal((await client.jobs.get(id)).status, 'cancelled');
  });

  await t.test('killed while it sends, the same command goes on with what has arrived', async () => {
    await writeFile(join(cwd, 'large.wav'), Buffer.alloc(30 * MB, 'RIFF'));
    const port = Number(new URL(server.url).port);
    const through = { bytes: 0 };
    let onHalf: (() => void) | null = null;
    const proxy = createServer((inner) => {
      const outer = connect(port, '127.0.0.1');
      for (const each of [inner, outer])
        each.on('error', () => undefined).on('close', () => [inner, outer].map((both) => both.destroy()));
      inner.on('data', (part) => {
        through.bytes += part.length;
        if (through.bytes > 15 * MB) onHalf?.();
      });
      inner.pipe(outer).pipe(inner);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.after(() => proxy.close());
    const env = { EARSHOT_SERVER: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const first = submit(['large.wav'], { env, onStart: (child) => (onHalf = () => child.kill('SIGKILL')) });
    assert.equal((await first).code, null);
    onHalf = null;
    through.bytes = 0;
    const { code, stderr } = await submit(['large.wav'], { env });
    assert.equal(code, 0, stderr);
    assert.ok(through.bytes < 23 * MB, `${through.bytes} bytes the second time`);
    const sent = server.calls.find(({ name }) => name === 'large.wav');
    assert.ok(sent !== undefined);
  });
});

test('no server is 3, a wrong key is 2, an option that no job knows is said by the server', async (t) => {
  const server = await running(t, { auth: { apiKey: 'a-key-of-this-test-alone' } });
  await writeFile(join(cwd, 'one.wav'), 'RIFF one');
  const away = await earshot(['submit', 'one.wav', '--server', 'http://127.0.0.1:65111'], { cwd });
  assert.equal(away.code, 3);
  assert.match(away.stderr, /cannot be reached: ECONNREFUSED/);
  const stranger = await earshot(['submit', 'one.wav', '--server', server.url], { cwd });
  assert.equal(stranger.code, 2);
  const env = { EARSHOT_API_KEY: 'a-key-of-this-test-alone' };
  const model = await earshot(['submit', 'one.wav', '--server', server.url, '--model', 'none'], { cwd, env });
  assert.equal(model.code, 1);
  assert.match(model.stderr, /there is no model "none" here/);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}
