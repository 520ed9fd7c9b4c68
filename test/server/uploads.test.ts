import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as tus from 'tus-js-client';
import { createKey } from '../../src/server/auth/keys-file.ts';
import type { Scope } from '../../src/server/auth/caller.ts';
import { sourceKey } from '../../src/api/job-files.ts';
import { running, type Changes, type Running } from './fixture.ts';

const TUS = { 'tus-resumable': '1.0.0' };
const BYTES = { ...TUS, 'content-type': 'application/offset+octet-stream' };
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Api extends Running {
  call(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: Uint8Array | string,
  ): Promise<Response>;
  /** Begins an upload; its path. */
  begin(length: number, headers?: Record<string, string>): Promise<string>;
  job(
    path: string,
    more?: object,
    headers?: Record<string, string>,
  ): Promise<[number, Record<string, unknown>]>;
}

async function serving(t: TestContext, changes: Changes = {}): Promise<Api> {
  const server = await running(t, { worker: false, ...changes });
  const call: Api['call'] = (method, path, headers = {}, body) =>
    fetch(server.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    });
  return {
    ...server,
    call,
    async begin(length, headers = {}) {
      const answer = await call('POST', '/uploads', { ...TUS, 'upload-length': String(length), ...headers });
      assert.equal(answer.status, 201, await answer.text());
      return answer.headers.get('location') ?? '';
    },
    async job(path, more = {}, headers = {}) {
      const body = JSON.stringify({ upload_id: path.split('/').at(-1), ...more });
      const answer = await call('POST', '/jobs', { 'content-type': 'application/json', ...headers }, body);
      return [answer.status, (await answer.json()) as Record<string, unknown>];
    },
  };
}

const send = (api: Api, path: string, at: number, bytes: Uint8Array, headers = {}): Promise<Response> =>
  api.call('PATCH', path, { ...BYTES, 'upload-offset': String(at), ...headers }, bytes);

test('tus-js-client uploads in pieces, stops, goes on in another instance; the job has the very bytes', async (t) => {
  const api = await serving(t);
  const bytes = randomBytes(700_000);
  const upload = (url: string | null, onPart: (upload: tus.Upload, sent: number) => void): Promise<string> =>
    new Promise((resolve, reject) => {
      const one = new tus.Upload(bytes, {
        ...(url === null ? { endpoint: `${api.url}/uploads` } : { uploadUrl: url }),
        chunkSize: 100_000,
        retryDelays: null,
        metadata: { filename: '../Grüße a.wav' },
        onChunkComplete: (_size, sent) => onPart(one, sent),
        onError: reject,
        onSuccess: () => resolve(one.url ?? ''),
      });
      one.start();
    });
  const half = await new Promise<string>((resolve, reject) => {
    upload(null, (one, sent) => {
      if (sent >= 300_000) void one.abort().then(() => resolve(one.url ?? ''));
    }).catch(reject);
  });
  const health = (await (await api.call('GET', '/health')).json()) as { active_uploads: number };
  assert.equal(health.active_uploads, 0);
  const url = await upload(half, () => undefined);
  assert.equal(url, half);

  const [status, job] = await api.job(url);
  assert.equal(status, 201);
  assert.equal(job['name'], 'Grüße a.wav');
  assert.equal(job['job_id'], url.split('/').at(-1));
  const stored = await readFile(join(api.folder, sourceKey(String(job['job_id']))));
  assert.equal(sha(stored), sha(bytes));

  await t.test('once: the same request gives the same job, another one is refused', async () => {
    assert.deepEqual((await api.job(url))[1]['job_id'], job['job_id']);
    const twice = await Promise.all([api.job(url), api.job(url)]);
    assert.ok(twice.every(([, { job_id: id }]) => id === job['job_id']));
    const [other, { error }] = await api.job(url, { language: 'de' });
    assert.deepEqual([other, (error as { code: string }).code], [409, 'upload_state']);
    await api.call('DELETE', `/jobs/${String(job['job_id'])}`);
    await api.call('DELETE', `/jobs/${String(job['job_id'])}`);
    assert.equal((await api.job(url))[0], 409, 'its job was deleted');
  });
});

test('the protocol, as its text has it', async (t) => {
  const api = await serving(t);
  const options = await api.call('OPTIONS', '/uploads');
  assert.equal(options.status, 204);
  assert.equal(options.headers.get('tus-version'), '1.0.0');
  assert.equal(options.headers.get('tus-max-size'), '1000000');
  assert.deepEqual(options.headers.get('tus-extension')?.split(','), [
    'creation',
    'creation-with-upload',
    'creation-defer-length',
    'termination',
    'expiration',
  ]);

  const old = await api.call('POST', '/uploads', { 'upload-length': '5' });
  assert.equal(old.status, 412);
  assert.equal(old.headers.get('tus-version'), '1.0.0');
  assert.equal((await api.call('POST', '/uploads', TUS)).status, 400);
  const large = await api.call('POST', '/uploads', { ...TUS, 'upload-length': '1000001' });
  assert.equal(large.status, 413);
  assert.equal(((await large.json()) as { error: { code: string } }).error.code, 'too_large');

  const path = await api.begin(10);
  assert.equal((await api.job(path))[0], 409, 'nothing of it is there');
  assert.equal((await send(api, path, 3, Buffer.from('xx'))).status, 409);
  assert.equal((await send(api, path, 0, Buffer.from('01234'))).headers.get('upload-offset'), '5');
  const head = await api.call('HEAD', path, TUS);
  assert.deepEqual([head.headers.get('upload-offset'), head.headers.get('upload-length')], ['5', '10']);
  assert.equal(head.headers.get('cache-control'), 'no-store');
  const [, { error }] = await api.job(path);
  assert.match(String((error as { message: string }).message), /5 of 10 bytes/);
  assert.equal((await send(api, path, 5, Buffer.from('56789abc'))).status, 413, 'more than was announced');
  const plain = await api.call(
    'PATCH',
    path,
    { ...TUS, 'content-type': 'text/plain', 'upload-offset': '5' },
    'x',
  );
  assert.equal(plain.status, 415);
  assert.equal((await api.call('DELETE', path, TUS)).status, 204);
  for (const gone of [
    path,
    '/uploads/nope',
    '/uploads/..%2f..%2fetc%2fpasswd',
    `/uploads/${crypto.randomUUID()}`,
  ])
    assert.equal((await api.call('HEAD', gone, TUS)).status, 404, gone);
  assert.deepEqual(await readdir(join(api.folder, 'uploads')), []);

  const deferred = await api.call('POST', '/uploads', { ...TUS, 'upload-defer-length': '1' });
  const later = deferred.headers.get('location') ?? '';
  assert.equal((await send(api, later, 0, Buffer.from('RIFF'))).status, 204);
  assert.equal((await api.job(later))[0], 409);
  assert.equal((await send(api, later, 4, Buffer.from('!'), { 'upload-length': '5' })).status, 204);
  assert.equal((await api.job(later))[0], 201);

  const atOnce = await api.call('POST', '/uploads', { ...BYTES, 'upload-length': '4' }, 'RIFF');
  assert.deepEqual([atOnce.status, atOnce.headers.get('upload-offset')], [201, '4']);
});

test('what nobody touches for a day goes, what is in use stays', async (t) => {
  const now = { at: Date.now() };
  const api = await serving(t, {
    clock: {
      now: () => now.at,
      sleep: (_ms, signal) => new Promise((_r, no) => signal?.addEventListener('abort', no)),
    },
  });
  const [old, fresh] = [await api.begin(10), await api.begin(10)];
  await send(api, old, 0, Buffer.from('01234'));
  const folder = join(api.folder, 'uploads');
  const stray = join(folder, crypto.randomUUID());
  await writeFile(stray, 'x');
  const yesterday = new Date(now.at - 25 * 3_600_000);
  const id = old.split('/').at(-1) ?? '';
  const cutOff = join(folder, '.earshot-12-0123456789ab.tmp'); // a server was killed while it wrote a record
  const beingWritten = join(folder, '.earshot-12-abcdef012345.tmp');
  for (const path of [cutOff, beingWritten]) await writeFile(path, '{');
  for (const path of [stray, cutOff, join(folder, id), join(folder, `${id}.json`)])
    await utimes(path, yesterday, yesterday);
  assert.equal((await api.call('HEAD', old, TUS)).status, 404);
  assert.equal(await api.sweepUploads(), 2);
  const kept = fresh.split('/').at(-1);
  assert.deepEqual((await readdir(folder)).toSorted(), [basename(beingWritten), ...[kept, `${kept}.json`]]);
});

test('owners, scopes, quota and room', async (t) => {
  const rows: { id: string; scopes: Scope[]; maxStoredBytes?: number }[] = [
    { id: 'ann', scopes: ['submit'], maxStoredBytes: 100 },
    { id: 'bob', scopes: ['submit'] },
    { id: 'eve', scopes: ['read'] },
  ];
  const made = rows.map((row) => createKey({ owner: row.id, ...row }));
  const folder = await mkdtemp(join(tmpdir(), 'earshot-keys-'));
  t.after(() => rm(folder, { recursive: true }));
  const keysFile = join(folder, 'keys.json');
  await writeFile(keysFile, JSON.stringify({ keys: made.map(({ row }) => row) }));
  const api = await serving(t, { auth: { keysFile } });
  const [ann, bob, eve] = made.map(({ key }) => ({ 'x-api-key': key })) as [object, object, object];

  assert.equal((await api.call('POST', '/uploads', { ...TUS, 'upload-length': '1' })).status, 401);
  assert.equal((await api.call('OPTIONS', '/uploads')).status, 401);
  assert.equal((await api.call('POST', '/uploads', { ...TUS, ...eve, 'upload-length': '1' })).status, 403);
  const path = await api.begin(60, { ...ann });
  for (const method of ['HEAD', 'DELETE'])
    assert.equal((await api.call(method, path, { ...TUS, ...bob })).status, 404);
  assert.equal((await send(api, path, 0, Buffer.from('x'), bob)).status, 404);
  assert.equal((await api.job(path, {}, { ...bob }))[0], 404);
  const second = await api.call('POST', '/uploads', { ...TUS, ...ann, 'upload-length': '60' });
  assert.equal(second.status, 507, 'the one that is coming counts');
  assert.equal((await send(api, path, 0, Buffer.alloc(60), ann)).status, 204);
  assert.equal((await api.job(path, {}, { ...ann }))[0], 201);

  const full = await serving(t, { limits: { minFreeBytes: Number.MAX_SAFE_INTEGER } });
  assert.equal((await full.call('POST', '/uploads', { ...TUS, 'upload-length': '1' })).status, 507);
});
