import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as tus from 'tus-js-client';
import { pause, serving } from './serving.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-uploads-'))));
after(() => rm(cwd, { recursive: true }));

const MB = 1e6;
const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

test('an upload outlives kill -9 of its server: it goes on from what is on disk, in constant memory', async (t) => {
  const bytes = randomBytes(300 * MB);
  const first = await serving(cwd, ['--no-worker']);
  const begun = await fetch(`${first.url}/uploads`, {
    method: 'POST',
    headers: { 'tus-resumable': '1.0.0', 'upload-length': String(bytes.length) },
  });
  const path = begun.headers.get('location') ?? '';
  const id = path.split('/').at(-1) as string;
  const before = rssOf(first.child.pid as number);
  const request = http.request(first.url + path, {
    method: 'PATCH',
    headers: {
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
      'content-length': String(bytes.length),
    },
  });
  request.on('error', () => undefined); // it is cut off
  for (let at = 0; at < 200 * MB; at += MB)
    if (!request.write(bytes.subarray(at, at + MB))) await once(request, 'drain');
  const health = (await (await fetch(`${first.url}/health`)).json()) as { active_uploads: number };
  assert.equal(health.active_uploads, 1);
  const file = join(cwd, 'data/server/uploads', id);
  while ((await stat(file)).size < 100 * MB) await pause(50);
  const grown = rssOf(first.child.pid as number) - before;
  first.child.kill('SIGKILL');
  await first.ended;
  t.diagnostic(`memory grew by ${Math.round(grown / MB)} MB`);
  assert.ok(grown < 80 * MB, `memory grew by ${grown} bytes`);

  const second = await serving(cwd, ['--no-worker']);
  const head = await fetch(second.url + path, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } });
  const offset = Number(head.headers.get('upload-offset'));
  t.diagnostic(`${offset} bytes are there after the kill`);
  assert.ok(offset >= 100 * MB && offset < bytes.length);
  assert.equal(offset, (await stat(file)).size);
  let from = -1;
  await new Promise<void>((resolve, reject) =>
    new tus.Upload(bytes, {
      uploadUrl: second.url + path,
      retryDelays: null,
      onProgress: (sent) => (from = from < 0 ? sent : from),
      onError: reject,
      onSuccess: () => resolve(),
    }).start(),
  );
  assert.ok(from >= offset, 'what had arrived was sent again');
  const made = await fetch(`${second.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ upload_id: id }),
  });
  assert.equal(made.status, 201, await made.text());
  const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  assert.equal(sha256(await readFile(join(cwd, 'data/server/storage/jobs', id, 'source'))), sha256(bytes));
  assert.equal(
    (JSON.parse(await readFile(`${file}.json`, 'utf8')) as { sha256: string }).sha256,
    sha256(bytes),
  );
  assert.equal((await second.stop()).code, 0);
});
