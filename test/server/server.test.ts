import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { checkBind } from '../../src/server/access.ts';
import { displayName } from '../../src/server/upload.ts';
import { END, filePart, form, raw, running, transcript } from './fixture.ts';

const PATH = '/v1/audio/transcriptions';
const KEY = 'correct-horse-battery';
type Json = Record<string, unknown> & { error: Record<string, unknown> };
const get = async (url: string, headers: Record<string, string> = {}): Promise<[number, Json]> => {
  const response = await fetch(url, { headers });
  return [response.status, (await response.json()) as Json];
};

describe('routes', () => {
  test('models: those at hand and the aliases; one by its id, 404 otherwise', async (t) => {
    const { url } = await running(t);
    const [, list] = await get(`${url}/v1/models`);
    const ids = (list['data'] as { id: string; object: string }[]).map(({ id }) => id);
    assert.deepEqual(ids.slice(0, 2), ['parakeet', 'whisper-1']);
    assert.equal((await get(`${url}/v1/models/parakeet`))[1]['id'], 'parakeet');
    const [status, { error }] = await get(`${url}/v1/models/nope`);
    assert.equal(status, 404);
    assert.equal(error['param'], 'model');
  });

  test('an unknown route and a malformed one have the same error shape', async (t) => {
    const { url } = await running(t);
    for (const [path, expected] of [
      ['/nope', 404],
      ['/v1/models/%E0%A4%A', 400],
    ] as const) {
      const [status, { error }] = await get(url + path);
      assert.equal(status, expected);
      assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code']);
    }
  });

  test('bytes that are no HTTP get a 400 of the same shape', async (t) => {
    const { url } = await running(t);
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    socket.end('NOT HTTP\r\n\r\n');
    let text = '';
    for await (const part of socket) text += String(part);
    assert.match(text, /^HTTP\/1\.1 400 .*\r\n\r\n\{"error":\{/s);
  });

  test('health answers while work runs, and counts it', async (t) => {
    const work = Promise.withResolvers<ReturnType<typeof transcript>>();
    const started = Promise.withResolvers<void>();
    const { url } = await running(t, {
      transcribe: () => (started.resolve(), work.promise),
    });
    const answer = fetch(url + PATH, { method: 'POST', body: form([]) });
    await started.promise;
    const [status, health] = await get(`${url}/health`);
    assert.equal(status, 200);
    assert.equal(health['processing_jobs'], 1);
    assert.equal(health['queued_jobs'], 0);
    work.resolve(transcript());
    assert.equal((await answer).status, 200);
    assert.equal((await get(`${url}/health/live`))[0], 200);
    assert.equal((await get(`${url}/health/ready`))[0], 200);
    assert.equal((await get(`${url}/health`))[1]['processing_jobs'], 0);
  });
});

describe('access', () => {
  test('with a key: bearer or X-API-Key, 401 otherwise, before the upload is read', async (t) => {
    const { url, calls } = await running(t, { apiKey: KEY });
    for (const headers of [
      {},
      { authorization: 'Bearer wrong' },
      { 'x-api-key': `${KEY}x` },
      { authorization: KEY },
    ]) {
      const response = await fetch(url + PATH, {
        method: 'POST',
        body: form([]),
        headers: headers as Record<string, string>,
      });
      assert.equal(response.status, 401);
      assert.doesNotMatch(await response.text(), new RegExp(KEY));
    }
    assert.equal(calls.length, 0);
    const right: Record<string, string>[] = [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }];
    for (const headers of right) {
      const response = await fetch(url + PATH, {
        method: 'POST',
        body: form([]),
        headers,
      });
      assert.equal(response.status, 200);
    }
    assert.equal((await get(`${url}/nope`))[0], 401);
    assert.equal((await get(`${url}/v1/models`))[0], 401);
    assert.equal((await get(`${url}/health/live`))[0], 200);
  });

  test('without a key: no web page of another site, no foreign name for this machine', async (t) => {
    const { url } = await running(t);
    const body = [filePart('a', 'A'), END];
    assert.equal((await raw(url + PATH, body, { host: 'evil.example' })).status, 401);
    assert.equal((await raw(url + PATH, body, { origin: 'https://evil.example' })).status, 401);
    assert.equal((await raw(url + PATH, body, { origin: 'null' })).status, 401);
    assert.equal(
      (await raw(url + PATH, body, { host: 'localhost:1', origin: 'http://localhost:3000' })).status,
      200,
    );
  });

  test('a wider bind needs a key or --insecure', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost']) checkBind(host, null, false);
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.org', '127.evil.example']) {
      assert.throws(() => checkBind(host, null, false), { code: 'usage' });
      checkBind(host, KEY, false);
      checkBind(host, null, true);
    }
  });
});

describe('load', () => {
  test('at most so many at once; the next wait in order, those beyond get 429 with Retry-After', async (t) => {
    const gates: PromiseWithResolvers<ReturnType<typeof transcript>>[] = [];
    let arrived: () => void = () => undefined;
    const { url } = await running(t, {
      maxConcurrent: 1,
      maxQueued: 1,
      transcribe: () => {
        const gate = Promise.withResolvers<ReturnType<typeof transcript>>();
        gates.push(gate);
        arrived();
        return gate.promise;
      },
    });
    const next = (): Promise<void> => new Promise((resolve) => (arrived = resolve));
    const send = (): Promise<Response> => fetch(url + PATH, { method: 'POST', body: form([]) });
    const firstArrives = next();
    const first = send();
    await firstArrives;
    const second = send();
    while ((await get(`${url}/health`))[1]['queued_jobs'] !== 1);
    const third = await send();
    assert.equal(third.status, 429);
    assert.match(third.headers.get('retry-after') ?? '', /^\d+$/);
    assert.equal(gates.length, 1);
    const secondArrives = next();
    gates[0]?.resolve(transcript());
    assert.equal((await first).status, 200);
    await secondArrives;
    gates[1]?.resolve(transcript());
    assert.equal((await second).status, 200);
  });

  test('close: running work may end, new work gets 503, what lasts too long is aborted', async (t) => {
    let aborted = false;
    const started = Promise.withResolvers<void>();
    const { url, close } = await running(t, {
      transcribe: async (_path, _request, signal) => {
        started.resolve();
        await once(signal, 'abort');
        aborted = true;
        throw signal.reason as Error;
      },
      clock: {
        now: () => 0,
        // The first sleep is the one for an early answer, the second the grace that close gives.
        sleep: (ms, signal) =>
          ms === 1234
            ? grace.promise
            : new Promise((_resolve, reject) =>
                signal?.addEventListener('abort', () => reject(new Error('x'))),
              ),
      },
    });
    const grace = Promise.withResolvers<void>();
    const answer = fetch(url + PATH, { method: 'POST', body: form([]) });
    await started.promise;
    const closed = close(1234);
    assert.equal((await get(`${url}/health/ready`))[0], 503);
    const refused = await fetch(url + PATH, { method: 'POST', body: form([]) });
    assert.equal(refused.status, 503);
    assert.ok(refused.headers.has('retry-after'));
    assert.equal(aborted, false);
    grace.resolve();
    assert.ok((await answer).status >= 499);
    await closed;
    assert.equal(aborted, true);
  });
});

test('display names are the last part of any path, without control characters', () => {
  assert.equal(displayName('C:\\x\\y.wav'), 'y.wav');
  assert.equal(displayName('/a/b/'), 'recording');
  assert.equal(displayName('a\u0000\nb'), 'ab');
});
