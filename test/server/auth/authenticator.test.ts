import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { toEarshotError } from '../../../src/errors.ts';
import { authenticator, type Authenticator } from '../../../src/server/auth/authenticator.ts';
import { LOCAL_CALLER } from '../../../src/server/auth/caller.ts';
import { createKey } from '../../../src/server/auth/keys-file.ts';
import { handClock } from './clock.ts';
import { errorOf } from './expect.ts';
import { identityProvider, signingKey, token } from './identity-provider.ts';

const KEY = 'correct-horse-battery';
const FROM = '192.0.2.1';
const nothing = { apiKey: null, keysFile: null, oidc: null };
const single = (): Promise<Authenticator> => authenticator({ ...nothing, apiKey: KEY, clock: handClock() });

describe('authenticator', () => {
  test('without keys and tokens everybody is the local caller, whatever the headers say', async () => {
    const open = await authenticator(nothing);
    assert.ok(open.isOpen);
    for (const headers of [{}, { authorization: 'Bearer sk-any' }])
      assert.equal(await open.authenticate(headers, FROM), LOCAL_CALLER);
  });

  test('a key passes as bearer in any case, or as X-API-Key, or as both', async () => {
    const closed = await single();
    assert.ok(!closed.isOpen);
    for (const headers of [
      { authorization: `Bearer ${KEY}` },
      { authorization: `bearer   ${KEY}` },
      { 'x-api-key': KEY },
      { authorization: `Bearer ${KEY}`, 'x-api-key': KEY },
      { authorization: 'Basic cHJveHk6cGFzcw==', 'x-api-key': KEY },
    ])
      assert.equal((await closed.authenticate(headers, FROM)).id, 'api-key', JSON.stringify(headers));
  });

  test('no key, a wrong one and two different ones are 401', async () => {
    const closed = await single();
    for (const headers of [
      {},
      { authorization: '' },
      { authorization: KEY },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: `Basic ${KEY}` },
      { authorization: `Bearer ${KEY} ${KEY}` },
      { authorization: `Bearer ${KEY}, Bearer x` },
      { authorization: `Bearer ${KEY}\u00a0` },
      { 'x-api-key': '' },
      { 'x-api-key': `${KEY}, ${KEY}` },
      { 'x-api-key': ` ${KEY}` },
      { authorization: 'Bearer x', 'x-api-key': KEY },
      { authorization: `Bearer ${KEY}`, 'x-api-key': 'x' },
      { 'x-api-key': '__proto__' },
      { authorization: `Bearer ${'A'.repeat(16_000)}` },
    ]) {
      const error = await errorOf(() => closed.authenticate(headers, FROM));
      assert.equal(error.code, 'unauthorized', JSON.stringify(headers).slice(0, 80));
      assert.ok(!error.message.includes(KEY));
    }
  });

  test('asking without a key is no guess, guessing is slowed', async () => {
    const closed = await single();
    for (let i = 0; i < 50; i++)
      assert.equal((await errorOf(() => closed.authenticate({}, FROM))).code, 'unauthorized');
    const codes: string[] = [];
    for (let i = 0; i < 30; i++)
      codes.push((await errorOf(() => closed.authenticate({ 'x-api-key': `guess-${i}` }, FROM))).code);
    assert.deepEqual([codes.indexOf('rate_limited'), codes.lastIndexOf('unauthorized')], [10, 9]);
    const together = await Promise.all(
      Array.from({ length: 30 }, () =>
        errorOf(() => closed.authenticate({ 'x-api-key': 'x' }, '2001:db8::1')),
      ),
    );
    assert.equal(together.filter(({ code }) => code === 'unauthorized').length, 10, 'also all at once');
  });

  test('keys and tokens work side by side; a token as X-API-Key is just a wrong key', async (t) => {
    const provider = await identityProvider(t);
    const key = await signingKey('k1');
    provider.keys = [key.jwk];
    const clock = handClock();
    const { key: apiKey, row } = createKey({ id: 'ci', owner: 'team', scopes: ['submit'] });
    const closed = await authenticator({
      apiKey: null,
      keysFile: await fileOf(t, row),
      oidc: { issuer: provider.issuer, audience: 'earshot', defaultScopes: ['read'] },
      clock,
    });
    const jwt = await token(provider, key, clock.now());
    const bearer = (text: string) => closed.authenticate({ authorization: `Bearer ${text}` }, FROM);
    assert.equal((await bearer(apiKey)).owner, 'team');
    assert.equal((await bearer(jwt)).owner, 'oidc:ann');
    assert.equal((await errorOf(() => closed.authenticate({ 'x-api-key': jwt }, FROM))).code, 'unauthorized');
    assert.equal((await errorOf(() => bearer(`${jwt}x`))).code, 'unauthorized');
    const team = await token(provider, key, clock.now(), { sub: 'team' });
    assert.notEqual((await bearer(team)).owner, 'team', 'a subject cannot take the name of an owner of keys');
  });
});

test('over real HTTP: the first of two Authorization headers counts, two X-API-Keys are none', async (t) => {
  const closed = await single();
  const server = createServer((request, response) => {
    closed.authenticate(request.headers, request.socket.remoteAddress ?? '').then(
      ({ id }) => response.end(id),
      (error: unknown) => response.end(toEarshotError(error).code),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const ask = (headers: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const sent = get({ port, host: '127.0.0.1', headers, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      sent.on('error', reject);
    });
  const host = ['Host', 'localhost'];
  assert.equal(
    await ask([...host, 'Authorization', `Bearer ${KEY}`, 'Authorization', 'Bearer x']),
    'api-key',
  );
  assert.equal(
    await ask([...host, 'Authorization', 'Bearer x', 'Authorization', `Bearer ${KEY}`]),
    'unauthorized',
  );
  assert.equal(await ask([...host, 'X-API-Key', KEY, 'X-Api-Key', KEY]), 'unauthorized');
  assert.equal(
    await ask([...host, 'X-API-Key', `\t${KEY}  `]),
    'api-key',
    'white space around is not of the value',
  );
  assert.equal(await ask([...host, 'Authorization', `Bearer ${KEY}`]), 'api-key');
});

async function fileOf(t: TestContext, row: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-auth-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'keys.json');
  await writeFile(path, JSON.stringify({ keys: [row] }));
  return path;
}
