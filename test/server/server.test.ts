import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBind } from '../../src/server/access.ts';
import { displayName } from '../../src/server/upload.ts';
import { form, running, transcript } from './fixture.ts';
import { said, statusOf } from './sockets.ts';

const KEY = 'correct-horse-battery';
type Json = Record<string, unknown> & { error: Record<string, unknown> };
const get = async (url: string, headers: Record<string, string> = {}): Promise<[number, Json]> => {
  const response = await fetch(url, { headers });
  return [response.status, (await response.json()) as Json];
};

test('a server without a key', async (t) => {
  let gate: PromiseWithResolvers<void> | null = null;
  const server = await running(t, {
    transcribe: async () => {
      await gate?.promise;
      return transcript();
    },
  });
  const { url } = server;

  await t.test('models: those at hand and the aliases; one by its id, 404 otherwise', async () => {
    const [, list] = await get(`${url}/v1/models`);
    const ids = (list['data'] as { id: string; object: string }[]).map(({ id }) => id);
    assert.deepEqual(ids.slice(0, 2), ['parakeet', 'whisper-1']);
    assert.equal((await get(`${url}/v1/models/parakeet`))[1]['id'], 'parakeet');
    const [status, { error }] = await get(`${url}/v1/models/nope`);
    assert.deepEqual([status, error['param']], [404, 'model']);
  });

  await t.test('every error has the same shape and a request id', async () => {
    for (const [path, method, expected] of [
      ['/nope', 'GET', 404],
      ['/v1/models/%E0%A4%A', 'GET', 400],
      ['/jobs', 'PUT', 405],
      ['/jobs?limit=x', 'GET', 422],
      ['/jobs?limt=5', 'GET', 422],
      ['/jobs/x', 'GET', 404],
      ['/jobs', 'POST', 422],
    ] as const) {
      const answer = await fetch(url + path, { method });
      assert.equal(answer.status, expected, path);
      assert.match(answer.headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/);
      assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
      const { error } = (await answer.json()) as Json;
      assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
    }
    assert.match(String((await get(`${url}/jobs?limt=5`))[1].error['message']), /did you mean "limit"\?/);
  });

  await t.test('a path that exists tells its methods', async () => {
    for (const [method, path, status, allow] of [
      ['OPTIONS', '/jobs', 405, 'GET, HEAD, POST'],
      ['HEAD', '/transcribe', 405, 'POST'],
      ['PATCH', '/jobs/x', 405, 'DELETE, GET, HEAD'],
      ['PROPFIND', '/health', 405, 'GET, HEAD'],
      ['HEAD', '/health', 200, null],
      ['HEAD', '/openapi.json', 200, null],
      ['HEAD', '/nope', 404, null],
    ] as const) {
      const answer = await fetch(url + path, { method });
      assert.deepEqual([answer.status, answer.headers.get('allow')], [status, allow], `${method} ${path}`);
      assert.ok(answer.headers.has('x-request-id'));
    }
  });

  await t.test('bytes that are no HTTP get a 400 of the same shape', async () => {
    const answer = await said(url, 'NOT HTTP\r\n\r\n');
    assert.equal(statusOf(answer), 400);
    assert.match(answer, /x-request-id: req_[0-9a-f]{32}\r\n.*\r\n\r\n\{"error":\{/s);
  });

  await t.test('health answers at once while work runs and the database is busy, and counts', async () => {
    gate = Promise.withResolvers();
    const send = (n: number): Promise<Response> =>
      fetch(`${url}/jobs`, { method: 'POST', body: form([['name', `${n}`]], `RIFF${n}`) });
    for (let n = 0; n < 6; n++) assert.equal((await send(n)).status, 201);
    const busy = Array.from({ length: 60 }, (_, n) => send(100 + n));
    const times: number[] = [];
    let isOver = false;
    const all = Promise.all(busy).then((answers) => {
      isOver = true;
      return answers;
    });
    while (!isOver) {
      const begun = performance.now();
      assert.equal((await fetch(`${url}/health`)).status, 200);
      times.push(performance.now() - begun);
    }
    assert.ok((await all).every(({ status }) => status === 201));
    times.sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)] as number;
    t.diagnostic(
      `/health beside ${busy.length} uploads: median ${median.toFixed(1)} ms, worst ${times.at(-1)?.toFixed(1)} ms of ${times.length}`,
    );
    assert.ok(median < 50, `${median} ms`);
    const [, health] = await get(`${url}/health`);
    assert.equal(health['processing_jobs'], 2);
    assert.equal(health['queued_jobs'], 64);
    gate.resolve();
    while ((await get(`${url}/health`))[1]['unfetched_results'] !== 66);
  });

  await t.test('while it drains: no new work, 503 with Retry-After; everything else as before', async () => {
    server.drain();
    for (const path of ['/jobs', '/v1/audio/transcriptions']) {
      const refused = await fetch(url + path, { method: 'POST', body: form([]) });
      assert.equal(refused.status, 503);
      assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
      assert.equal(((await refused.json()) as Json).error['code'], 'draining');
    }
    const ready = await fetch(`${url}/health/ready`);
    assert.deepEqual([ready.status, ready.headers.has('retry-after')], [503, true]);
    assert.equal((await get(`${url}/health/live`))[0], 200);
    assert.deepEqual((await get(`${url}/health`))[1]['status'], 'draining');
    assert.equal((await get(`${url}/jobs`))[0], 200);
  });
});

test('with a key: bearer or X-API-Key, 401 otherwise, before the upload is read', async (t) => {
  const { url, jobs } = await running(t, { auth: { apiKey: KEY }, worker: false });
  const wrong: Record<string, string>[] = [
    {},
    { authorization: 'Bearer wrong' },
    { 'x-api-key': `${KEY}x` },
    { authorization: KEY },
    { authorization: `Bearer ${KEY}`, 'x-api-key': 'other' },
  ];
  for (const headers of wrong) {
    const response = await fetch(`${url}/jobs`, { method: 'POST', body: form([]), headers });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('www-authenticate'), 'Bearer');
    assert.doesNotMatch(await response.text(), new RegExp(KEY));
  }
  assert.equal((await jobs.counts()).queued, 0);
  const right: Record<string, string>[] = [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }];
  for (const headers of right)
    assert.equal((await fetch(`${url}/jobs`, { method: 'POST', body: form([]), headers })).status, 201);
  for (const path of ['/nope', '/v1/models', '/jobs/x', '/metrics'])
    assert.equal((await get(url + path))[0], 401, `${path} tells strangers nothing`);
  assert.equal((await get(`${url}/health/live`))[0], 200);

  const twice = await said(
    url,
    `GET /jobs HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nX-API-Key: wrong\r\nConnection: close\r\n\r\n`,
  );
  assert.equal(statusOf(twice), 401, 'which of two keys counts is not left to chance');

  let status = 0;
  for (let i = 0; i < 30 && status !== 429; i++)
    [status] = await get(`${url}/jobs`, { 'x-api-key': `guess-${i}` });
  assert.equal(status, 429, 'whoever guesses is slowed down');
  assert.equal((await get(`${url}/jobs`, { 'x-api-key': KEY }))[0], 200, 'and nobody else');
});

test('a wider bind needs a key or --insecure', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost']) checkBind(host, false, false);
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.org', '127.evil.example']) {
    assert.throws(() => checkBind(host, false, false), { code: 'usage' });
    checkBind(host, true, false);
    checkBind(host, false, true);
  }
});

test('display names are the last part of any path, on one line', () => {
  for (const [given, expected] of [
    ['C:\\x\\y.wav', 'y.wav'],
    ['/a/b/', 'recording'],
    ['a\u0000\nb', 'ab'],
    ['\u202Egpj.exe', 'gpj.exe'],
    ['می‌خواهم.wav', 'می‌خواهم.wav'],
    ['👩‍👧.wav', '👩‍👧.wav'],
    ['a\uD800b', 'ab'],
    ['x'.repeat(300), 'x'.repeat(200)],
    [undefined, 'recording'],
  ] as const)
    assert.equal(displayName(given), expected);
});
