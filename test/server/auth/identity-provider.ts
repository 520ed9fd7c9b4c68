import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** An OpenID Connect provider on this machine, with keys that can be changed and answers that can be broken. */
export interface IdentityProvider {
  readonly issuer: string;
  /** How often each path was asked for. */
  readonly asked: Record<string, number>;
  keys: JWK[];
  /** Answers every path in its place when it is set. */
  broken: { status: number; body: string } | null;
  /** Replaces parts of the provider's document. */
  document: Record<string, unknown>;
}

export interface SigningKey {
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export async function identityProvider(t: TestContext): Promise<IdentityProvider> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    provider.asked[path] = (provider.asked[path] ?? 0) + 1;
    if (provider.broken) return void response.writeHead(provider.broken.status).end(provider.broken.body);
    response.setHeader('content-type', 'application/json');
    if (path === '/.well-known/openid-configuration')
      return void response.end(
        JSON.stringify({
          issuer: provider.issuer,
          jwks_uri: `${provider.issuer}/keys`,
          ...provider.document,
        }),
      );
    if (path === '/keys') return void response.end(JSON.stringify({ keys: provider.keys }));
    return void response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const provider: IdentityProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: {},
    keys: [],
    broken: null,
    document: {},
  };
  return provider;
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, privateKey, publicKey };
}

/** A token of the provider for ann, valid for 5 minutes from `now` (milliseconds), with `changes` to its claims. */
export async function token(
  provider: IdentityProvider,
  key: SigningKey,
  now: number,
  changes: JWTPayload = {},
  header: { kid?: string } = {},
): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const claims = {
    iss: provider.issuer,
    aud: 'earshot',
    sub: 'ann',
    iat: seconds,
    exp: seconds + 300,
    ...changes,
  };
  const jwt = new SignJWT(JSON.parse(JSON.stringify(claims)) as JWTPayload);
  return jwt
    .setProtectedHeader({ alg: key.jwk.alg as string, kid: key.jwk.kid as string, ...header })
    .sign(key.privateKey);
}
