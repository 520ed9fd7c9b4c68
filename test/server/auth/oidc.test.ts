import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { base64url, exportSPKI, SignJWT } from 'jose';
import { type Oidc, oidc, type OidcOptions } from '../../../src/server/auth/oidc.ts';
import { handClock, type HandClock } from './clock.ts';
import { errorOf } from './expect.ts';
import {
  type IdentityProvider,
  identityProvider,
  type SigningKey,
  signingKey,
  token,
} from './identity-provider.ts';

interface Setup {
  readonly provider: IdentityProvider;
  readonly key: SigningKey;
  readonly clock: HandClock;
  readonly tokens: Oidc;
}

async function setup(t: TestContext, changes: Partial<OidcOptions> = {}): Promise<Setup> {
  const provider = await identityProvider(t);
  const key = await signingKey('k1');
  provider.keys = [key.jwk];
  const clock = handClock();
  const { issuer } = provider;
  const tokens = oidc({ issuer, audience: 'earshot', defaultScopes: ['submit', 'read'], clock, ...changes });
  return { provider, key, clock, tokens };
}

test('a token of the provider is its subject, whose scopes are the default or those of its claim', async (t) => {
  const { provider, key, clock, tokens } = await setup(t, { ratePerMinute: 9 });
  const ann = await tokens.identify(await token(provider, key, clock.now()));
  assert.deepEqual(ann, {
    id: 'oidc:ann',
    owner: 'oidc:ann',
    scopes: new Set(['submit', 'read']),
    ratePerMinute: 9,
    quota: { maxQueuedJobs: null, maxStoredBytes: null },
  });
  for (const [scope, expected] of [
    ['openid read', ['read']],
    ['admin  train', ['admin', 'train']],
    [['read', 7], ['read']],
    ['openid', []],
    ['', []],
    [{ admin: true }, []],
    [null, []],
  ] as const) {
    const caller = await tokens.identify(await token(provider, key, clock.now(), { scope }));
    assert.deepEqual([...caller.scopes], expected, JSON.stringify(scope));
  }
  assert.deepEqual(provider.asked, { '/.well-known/openid-configuration': 1, '/keys': 1 });
});

test('every asymmetric algorithm that providers use is taken', async (t) => {
  const { provider, clock, tokens } = await setup(t);
  const keys = await Promise.all(
    ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'].map((alg) => signingKey(alg, alg)),
  );
  provider.keys = keys.map(({ jwk }) => jwk);
  for (const key of keys)
    assert.equal((await tokens.identify(await token(provider, key, clock.now()))).id, 'oidc:ann');
});

test('a token that is wrong in any way is a 401', async (t) => {
  const { provider, key, clock, tokens } = await setup(t);
  const seconds = clock.now() / 1000;
  const good = await token(provider, key, clock.now());
  const [header, payload, signature] = good.split('.') as [string, string, string];
  const part = (value: unknown): string => base64url.encode(JSON.stringify(value));
  const forged = part({
    ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object),
    sub: 'root',
  });
  const publicPem = await exportSPKI(key.publicKey);
  const withHmac = (secret: string): Promise<string> =>
    new SignJWT({ iss: provider.issuer, aud: 'earshot', sub: 'root', exp: seconds + 300 })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(Buffer.from(secret));
  const wrong: Record<string, string> = {
    'another audience': await token(provider, key, clock.now(), { aud: 'other' }),
    'no audience': await token(provider, key, clock.now(), { aud: undefined }),
    'another issuer': await token(provider, key, clock.now(), { iss: 'https://evil.example' }),
    expired: await token(provider, key, clock.now(), { exp: seconds - 11 }),
    'never expires': await token(provider, key, clock.now(), { exp: undefined }),
    'not yet': await token(provider, key, clock.now(), { nbf: seconds + 60 }),
    'no subject': await token(provider, key, clock.now(), { sub: undefined }),
    'an empty subject': await token(provider, key, clock.now(), { sub: '' }),
    'a subject with a line break': await token(provider, key, clock.now(), { sub: 'ann\nbob' }),
    'a subject with half a character': await token(provider, key, clock.now(), { sub: 'ann\ud800' }),
    'a subject that is a list': await token(provider, key, clock.now(), {
      sub: ['ann'] as unknown as string,
    }),
    'another key of that name': await token(provider, await signingKey('k1'), clock.now()),
    'an unknown key': await token(provider, await signingKey('k9'), clock.now()),
    'changed claims': `${header}.${forged}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'alg none': `${part({ alg: 'none' })}.${payload}.`,
    'alg none with a signature': `${part({ alg: 'none', kid: 'k1' })}.${payload}.${signature}`,
    'the public key as HMAC secret': await withHmac(publicPem),
    'the JWK as HMAC secret': await withHmac(JSON.stringify(key.jwk)),
    'a critical extension': `${part({ alg: 'ES256', kid: 'k1', crit: ['x'], x: 1 })}.${payload}.${signature}`,
    'a key of its own': `${part({ alg: 'ES256', jwk: key.jwk })}.${payload}.${signature}`,
    'prototype names': `${part({ alg: '__proto__', kid: 'constructor' })}.${payload}.${signature}`,
    'no JSON': `${base64url.encode('{"alg"')}.${payload}.${signature}`,
    nothing: '..',
  };
  for (const [what, text] of Object.entries(wrong)) {
    const error = await errorOf(() => tokens.identify(text));
    assert.equal(error.code, 'unauthorized', `${what}: ${error.message}`);
  }
  await tokens.identify(await token(provider, key, clock.now(), { exp: seconds - 9 }));
  assert.equal((await tokens.identify(good)).owner, 'oidc:ann');
});

test('keys that cannot be had are a 503 and never a pass; the provider is not hammered', async (t) => {
  const { provider, key, clock, tokens } = await setup(t);
  const good = await token(provider, key, clock.now());
  const broken = [
    { status: 500, body: 'no' },
    { status: 302, body: '' },
    { status: 200, body: '<html>' },
    { status: 200, body: 'null' },
    { status: 200, body: '{"issuer": "https://evil.example", "jwks_uri": "https://evil.example/keys"}' },
    { status: 200, body: ' '.repeat(600 * 1024) },
  ];
  for (const answer of broken) {
    provider.broken = answer;
    provider.asked['/.well-known/openid-configuration'] = 0;
    for (let i = 0; i < 5; i++) {
      const error = await errorOf(() => tokens.identify(good));
      assert.equal(error.code, 'identity_unavailable', answer.body.slice(0, 40));
      assert.equal(error.retryAfterSeconds, 5);
    }
    assert.equal(provider.asked['/.well-known/openid-configuration'], 1);
    clock.forward(5);
  }
  provider.broken = null;
  for (const jwks_uri of [
    undefined,
    7,
    'http://192.0.2.1/keys',
    'file:///etc/passwd',
    'ftp://127.0.0.1/keys',
    'https://u:p@host/',
  ]) {
    provider.document = { jwks_uri };
    assert.equal((await errorOf(() => tokens.identify(good))).code, 'identity_unavailable', String(jwks_uri));
    clock.forward(5);
  }
  provider.document = {};
  assert.equal((await tokens.identify(good)).id, 'oidc:ann', 'and works as soon as the provider does');
});

test('known keys stay good while the provider is away, whatever others send', async (t) => {
  const { provider, key, clock, tokens } = await setup(t);
  const good = await token(provider, key, clock.now());
  await tokens.identify(good);
  // jose looks for new keys again half a minute after it last did, by the real time
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 31_000 });
  provider.broken = { status: 503, body: '' };
  const stranger = await token(provider, await signingKey('k9'), clock.now());
  for (let i = 0; i < 3; i++) {
    assert.equal((await errorOf(() => tokens.identify(stranger))).code, 'identity_unavailable');
    assert.equal((await tokens.identify(good)).id, 'oidc:ann');
  }
  assert.equal(provider.asked['/keys'], 2);
});

test('keys that are no keys are a 503', async (t) => {
  const { provider, key, clock, tokens } = await setup(t);
  provider.keys = 'none' as unknown as [];
  const good = await token(provider, key, clock.now());
  for (let i = 0; i < 3; i++)
    assert.equal((await errorOf(() => tokens.identify(good))).code, 'identity_unavailable');
  assert.equal(provider.asked['/keys'], 1);
  provider.keys = [key.jwk];
  clock.forward(5);
  assert.equal((await tokens.identify(good)).id, 'oidc:ann');
});

test('an issuer must be an https URL, and an audience must be named', async () => {
  const options = { issuer: 'https://id.example', audience: 'earshot', defaultScopes: [] };
  oidc(options);
  for (const issuer of [
    'http://id.example',
    'id.example',
    '',
    'https://u:p@id.example',
    'https://id.example?x',
    'ftp://localhost',
  ])
    assert.equal((await errorOf(() => oidc({ ...options, issuer }))).code, 'config_invalid', issuer);
  assert.equal((await errorOf(() => oidc({ ...options, audience: '' }))).code, 'config_invalid');
});
