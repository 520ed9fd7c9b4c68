import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, test } from 'node:test';
import { EarshotError } from '../../../../src/errors.ts';
import { parseWorkers } from '../../../../src/speech/recognition/remote/spec.ts';
import { CALM, answer, chunk, fastClock, json, open, worker } from './fixture.ts';

const SECRET = 'sk-very-secret-1';

describe('the call', () => {
  test('is OpenAI multipart: WAV, model, verbose_json, both granularities; no language for auto', async (t) => {
    const one = await worker(t);
    const pool = await open(t, [`${one.url}/`], { model: 'large' });
    await pool.hear(1);
    await pool.recognize(chunk(2), { language: 'de', task: 'transcribe' });
    await pool.recognize(chunk(3), { language: 'de', task: 'translate' });
    const [auto, german, translated] = one.got;
    assert.equal(auto?.path, '/v1/audio/transcriptions');
    for (const field of ['model', 'response_format', 'timestamp_granularities[]', 'file'])
      assert.ok(auto?.body.includes(`name="${field}"`), field);
    assert.match(auto?.body ?? '', /name="model"\r\n\r\nlarge\r\n/);
    assert.match(auto?.body ?? '', /filename="chunk.wav"\r\nContent-Type: audio\/wav\r\n\r\nRIFF/);
    assert.doesNotMatch(auto?.body ?? '', /name="language"/);
    assert.match(german?.body ?? '', /name="language"\r\n\r\nde\r\n/);
    assert.equal(translated?.path, '/v1/audio/translations');
  });

  for (const suffix of ['', '/', '/v1', '/v1/', '/v1/audio/transcriptions'])
    test(`an address may end in "${suffix}"`, async (t) => {
      const one = await worker(t);
      assert.equal(await (await open(t, [one.url + suffix])).hear(4), 'w4');
      assert.equal(one.got[0]?.path, '/v1/audio/transcriptions');
    });

  test('a worker that has moved is not followed, and its new address is asked for', async (t) => {
    const moved = await worker(
      t,
      (_got, response) => void response.writeHead(301, { location: 'http://x.invalid/' }).end(),
    );
    const pool = await open(t, [moved.url], { pool: { ...CALM, patienceMs: 60_000 } });
    await assert.rejects(pool.hear(1), /answered 301: it has moved/);
  });
});

describe('credentials', () => {
  test('each worker gets its own, pings too, and none gets that of another', async (t) => {
    const workers = await Promise.all([worker(t), worker(t), worker(t), worker(t)]);
    const [usual, own, key, none] = workers.map(({ url }) => url);
    const env = { EARSHOT_WORKER_TOKEN: 'usual-token', OWN: 'own-token', KEY: 'the-key' };
    const pool = await open(
      t,
      [`${usual}`, `${own}#auth=bearer:OWN`, `${key}#auth=api-key:KEY`, `${none}#auth=none`].map((url) =>
        url.includes('#') ? `${url}&slots=1` : `${url}#slots=1`,
      ),
      { env },
    );
    await Promise.all([1, 2, 3, 4].map((i) => pool.hear(i)));
    while (workers.some(({ pings }) => pings.length === 0)) await new Promise(setImmediate);
    const sent = workers.map(({ got, pings }) => {
      const all = [...got, ...pings].map(
        ({ headers }) => `${headers.authorization ?? '-'} ${String(headers['x-api-key'] ?? '-')}`,
      );
      return [...new Set(all)].join();
    });
    assert.deepEqual(sent, ['Bearer usual-token -', 'Bearer own-token -', '- the-key', '- -']);
  });

  test('no error and no notice repeats a secret, even when the server does', async (t) => {
    for (const status of [400, 401, 500]) {
      const echo = await worker(t, (got, response) =>
        json(response, status, { error: { message: `wrong key ${got.headers.authorization}` } }),
      );
      const pool = await open(t, [echo.url], { env: { EARSHOT_WORKER_TOKEN: SECRET } });
      const error = await pool.hear(1).catch((reason: unknown) => reason);
      assert.ok(error instanceof EarshotError);
      assert.doesNotMatch(inspect(error, { depth: 9 }) + pool.notices.join(), new RegExp(SECRET));
    }
  });

  test('Google identity tokens: for the origin, kept until shortly before they end, renewed after a 401', async (t) => {
    const clock = fastClock(1);
    let made = 0;
    let life = 3600;
    const asked: string[] = [];
    const metadata = http.createServer((request, response) => {
      asked.push(`${request.headers['metadata-flavor']} ${request.url}`);
      const claims = Buffer.from(JSON.stringify({ exp: clock.now() / 1000 + life })).toString('base64url');
      response.end(`eyJh.${claims}.n${++made}`);
    });
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
    t.after(() => metadata.close());
    const one = await worker(t, (got, response, count) =>
      count === 3 ? json(response, 401, {}) : answer(got, response, count),
    );
    const env = {
      EARSHOT_WORKER_AUTH: 'google',
      GCE_METADATA_HOST: `127.0.0.1:${(metadata.address() as AddressInfo).port}`,
    };
    const pool = await open(t, [`${one.url}/v1`], { env, clock });
    while (one.pings.length === 0) await new Promise(setImmediate);
    life = 60;
    for (const i of [1, 2, 3]) assert.equal(await pool.hear(i), `w${i}`);
    const tokens = one.got.map(({ headers }) => headers.authorization?.split('.n')[1]);
    assert.deepEqual(tokens, ['1', '1', '1', '2']);
    await pool.hear(4); // the second token ends in a minute
    assert.equal(one.got.at(-1)?.headers.authorization?.split('.n')[1], '3');
    assert.equal(
      asked[0],
      `Google /computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(one.url)}`,
    );
  });
});

describe('addresses', () => {
  test('slots, model and credentials stand behind #', () => {
    const [spec] = parseWorkers(['https://h.example/openai/?v=1#slots=4&wait=300&model=m&auth=google'], {});
    assert.equal(spec?.base.href, 'https://h.example/openai/v1?v=1');
    assert.equal(spec?.name, 'https://h.example/openai');
    assert.deepEqual([spec?.slots, spec?.waitMs, spec?.model, spec?.auth.kind], [4, 300_000, 'm', 'google']);
    assert.equal(parseWorkers(['http://h'], {})[0]?.waitMs, 10_000);
  });

  test('all mistakes are told at once, and no secret with them', () => {
    const wrong = [
      'nope',
      `https://u:${SECRET}@h`,
      'http://a#slots=0',
      'http://a#wait=-1',
      'http://b#size=1',
      `http://c#auth=bearer:${SECRET}`,
      'http://d#auth=bearer:UNSET',
      'http://e#auth=bearer:BROKEN',
    ];
    assert.throws(
      () => parseWorkers(wrong, { BROKEN: `${SECRET}\n${SECRET}` }),
      (error: EarshotError) => {
        assert.equal(error.code, 'config_invalid');
        for (let i = 1; i <= wrong.length; i++) assert.match(error.message, new RegExp(`worker ${i}: `));
        assert.doesNotMatch(inspect(error), new RegExp(SECRET));
        return true;
      },
    );
  });
});

describe('pings', () => {
  test('run from open on, before any chunk, and do not hold it up', async (t) => {
    const one = await worker(t);
    const pool = await open(t, [one.url]);
    while (one.pings.length === 0) await new Promise(setImmediate);
    assert.equal(one.pings[0]?.path, '/health');
    assert.equal(one.got.length, 0);
    assert.equal(await pool.hear(1), 'w1');
  });

  test('a cold worker is pinged until it answers, and then gets the chunk that waited', async (t) => {
    const cold = await worker(t);
    await cold.stop();
    // Rests of an hour: only the ping's answer can bring the worker back in time.
    const pool = await open(t, [`${cold.url}#wait=9999`], {
      pool: { ...CALM, patienceMs: 1e9, breaker: { threshold: 1, baseMs: 3_600_000, maxMs: 3_600_000 } },
    });
    const heard = pool.hear(6);
    while (pool.notices.length === 0) await new Promise(setImmediate);
    await cold.restart();
    assert.equal(await heard, 'w6');
  });
});
