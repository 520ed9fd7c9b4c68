import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SAMPLES, earshot } from './run-cli.ts';
import { serving } from './serving.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-serve-'))));
after(() => rm(cwd, { recursive: true }));

/** Nothing of a server that has ended lies about. */
const leftovers = async (): Promise<string[]> => [
  ...(await readdir(join(cwd, 'data/work'))),
  ...(await readdir(join(cwd, 'data/server'))).filter((name) => name.includes('.lock')),
];

test('serves recordings until it is told to end, and leaves nothing behind', async () => {
  const { url, stop } = await serving(cwd);
  const other = await earshot(['serve', '--port', '0'], { cwd });
  assert.equal(other.code, 1, other.stderr);
  assert.match(other.stderr, /another Earshot \(process \d+ on .*\) is working on the database in/);

  const form = new FormData();
  form.set('file', new Blob([await readFile(join(SAMPLES, 'silence.flac'))]), 'silence.flac');
  form.set('model', 'whisper-1');
  form.set('response_format', 'verbose_json');
  const answers = await Promise.all(
    [1, 2].map(() => fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form })),
  );
  for (const answer of answers) {
    const body = (await answer.json()) as { text: string; duration: number };
    assert.equal(answer.status, 200, JSON.stringify(body));
    assert.deepEqual([body.text, Math.round(body.duration)], ['', 1]);
  }
  assert.equal((await fetch(`${url}/health`)).status, 200);

  const { code, stderr } = await stop();
  assert.equal(code, 0, stderr);
  assert.deepEqual(await leftovers(), []);
  assert.deepEqual((await readdir(join(cwd, 'data/server/storage'))).sort(), ['.temporary']);
  const { mode } = await stat(join(cwd, 'data/server/webhook-secret'));
  assert.equal(mode & 0o077, 0, 'the secret is for its owner alone');
});

test('Ctrl-C is a clean end, also when what runs the command passes it on a second time', async () => {
  const { child, ended } = await serving(cwd);
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
});

test('SIGTERM to npm is a clean end, too: the script hands it on', { timeout: 60_000 }, async (t) => {
  const root = join(SAMPLES, '..');
  const args = ['--prefix', root, 'run', '-s', 'earshot', '--', 'serve', '--port', '0', '--json'];
  const env = { ...process.env, EARSHOT_DATA: join(cwd, 'data') };
  const npm = spawn('npm', [...args, '--no-worker'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  t.after(() => {
    if (npm.stderr.closed) return;
    process.kill(-(npm.pid as number), 'SIGKILL'); // the group, whoever of it is left
  });
  let told = '';
  npm.stderr.setEncoding('utf8').on('data', (part: string) => (told += part));
  const [line] = (await once(npm.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(String(line)) as { url: string };
  const silent = once(npm.stderr, 'end'); // the server has ended, who else writes there
  npm.kill('SIGTERM');
  await silent;
  assert.match(told, /no new work/);
  await assert.rejects(fetch(`${url}/health`));
});

test('a signal during the start ends it as well', async () => {
  const killed = Promise.withResolvers<void>();
  const ended = earshot(['serve', '--port', '0'], {
    cwd,
    onStart: (child) => {
      const watcher = watch(join(cwd, 'data/server'), (_event, name) => {
        if (name !== 'database.lock' || !child.kill('SIGTERM')) return;
        watcher.close();
        killed.resolve();
      });
    },
  });
  await killed.promise;
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(await leftovers(), []);
});

test('beyond this machine only with a key or on purpose', async () => {
  const open = await earshot(['serve', '--host', '0.0.0.0'], { cwd });
  assert.equal(open.code, 2);
  assert.match(open.stderr, /hint: set EARSHOT_API_KEY, or say --insecure/);
  for (const [args, env] of [
    [['--insecure'], {}],
    [[], { EARSHOT_API_KEY: 'a-key-of-twenty-chars' }],
  ] as const) {
    const { stop, url } = await serving(cwd, ['--host', '0.0.0.0', ...args], env);
    const { status } = await fetch(`${url}/jobs`);
    assert.equal(status, args.length > 0 ? 200 : 401);
    assert.equal((await stop()).code, 0);
  }
});

test('a start that fails closes what it had opened: a taken port, a storage that is none', async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const { port } = other.address() as AddressInfo;
  const taken = await earshot(['serve', '--port', String(port)], { cwd });
  other.close();
  assert.equal(taken.code, 2);
  assert.ok(taken.stderr.includes(`cannot listen on 127.0.0.1:${port}: another program listens there`));
  assert.deepEqual(await leftovers(), []);

  const { code, stderr } = await earshot(['serve', '--storage', 'ftp://elsewhere/x'], { cwd });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /ftp: is no storage that Earshot knows/);
  assert.deepEqual(await leftovers(), []);
});

test('what a killed server left in the work folder goes with the next start', async () => {
  const { child, ended } = await serving(cwd);
  const [left = ''] = (await readdir(join(cwd, 'data/work'))).filter((name) => !name.endsWith('.lock'));
  await mkdir(join(cwd, 'data/work', left, 'run-something'), { recursive: true });
  child.kill('SIGKILL');
  await ended;
  assert.ok((await readdir(join(cwd, 'data/work'))).includes(left));
  const { stop } = await serving(cwd);
  assert.ok(!(await readdir(join(cwd, 'data/work'))).includes(left));
  assert.equal((await stop()).code, 0);
  assert.deepEqual(await leftovers(), []);
});
