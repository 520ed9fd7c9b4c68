import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SAMPLES, earshot } from './run-cli.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-serve-'))));
after(() => rm(cwd, { recursive: true }));

test('serves recordings until it is told to end, and leaves nothing behind', async () => {
  let child: ChildProcess | undefined;
  const ended = earshot(['serve', '--port', '0', '--json'], { cwd, onStart: (started) => (child = started) });
  const [line] = (await once(child?.stdout as NodeJS.ReadableStream, 'data')) as [Buffer | string];
  const { url } = JSON.parse(String(line)) as { url: string };

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

  child?.kill('SIGTERM');
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(await readdir(join(cwd, 'data/work')), []);
});

test('Ctrl-C is a clean end, also when what runs the command passes it on a second time', async () => {
  let child: ChildProcess | undefined;
  const ended = earshot(['serve', '--port', '0', '--json'], { cwd, onStart: (started) => (child = started) });
  await once(child?.stdout as NodeJS.ReadableStream, 'data');
  child?.kill('SIGINT');
  child?.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
});

test('beyond this machine only with a key or on purpose; a taken port is said', async () => {
  const open = await earshot(['serve', '--host', '0.0.0.0'], { cwd });
  assert.equal(open.code, 2);
  assert.match(open.stderr, /hint: set EARSHOT_API_KEY, or say --insecure/);

  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const { port } = other.address() as AddressInfo;
  const taken = await earshot(['serve', '--port', String(port)], { cwd });
  other.close();
  assert.equal(taken.code, 2);
  assert.ok(taken.stderr.includes(`cannot listen on 127.0.0.1:${port}: another program listens there`));
});
