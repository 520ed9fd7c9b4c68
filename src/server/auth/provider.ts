import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, type RemoteJWKSet } from 'jose';
import { EarshotError } from '../../errors.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import { isLoopback } from '../access.ts';

/** An OpenID Connect provider: where its public keys are, found out when the first token comes. */
export interface Provider {
  /** Picks the key that a token was signed with. Rejects with `identity_unavailable` when the keys cannot be fetched. */
  readonly key: JWTVerifyGetKey;
}

/** After a failure nothing is asked for so long: a flood of tokens must not become a flood at the provider. */
const PAUSE_MS = 5_000;
const TIMEOUT_MS = 5_000;
/** Real documents have some kilobytes. */
const MAX_BYTES = 512 * 1024;

/**
 * The provider `issuer`, an https URL (http on this machine only). Throws `config_invalid` for any other.
 */
export function provider(issuer: string, clock: Clock = systemClock): Provider {
  const home = URL.canParse(issuer) ? new URL(issuer) : null;
  if (home === null || !isSafe(home) || home.search !== '' || home.hash !== '')
    throw new EarshotError('config_invalid', 'the OIDC issuer must be an https:// URL without a query', {
      hint: 'give it exactly as the "iss" claim of its tokens has it',
    });
  const isLocal = isLoopback(home.hostname);
  let found: Promise<RemoteJWKSet> | null = null;
  let failure: { readonly at: number; readonly error: EarshotError } | null = null;

  async function fetchJson(url: string, signal: AbortSignal): Promise<Response> {
    const passed = failure === null ? PAUSE_MS : Math.abs(clock.now() - failure.at);
    if (failure !== null && passed < PAUSE_MS) throw failure.error;
    try {
      const response = await fetchDocument(url, signal);
      failure = null;
      return response;
    } catch (error) {
      failure = { at: clock.now(), error: unavailable(issuer, error) };
      throw failure.error;
    }
  }

  /** OpenID Connect Discovery 1.0, section 4. */
  async function discover(): Promise<RemoteJWKSet> {
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetchJson(address, AbortSignal.timeout(TIMEOUT_MS));
    const said = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown } | null;
    if (said?.issuer !== issuer) throw unavailable(issuer, 'its document names another issuer');
    const url =
      typeof said.jwks_uri === 'string' && URL.canParse(said.jwks_uri) ? new URL(said.jwks_uri) : null;
    if (url === null || !isSafe(url) || (isLoopback(url.hostname) && !isLocal))
      throw unavailable(issuer, 'its document has no jwks_uri with https');
    return createRemoteJWKSet(url, {
      timeoutDuration: TIMEOUT_MS,
      [customFetch]: (at, { signal }) => fetchJson(at, signal),
    });
  }

  /** Nothing is fetched for a while; keys that are known stay good. */
  function pause(error: unknown): EarshotError {
    failure ??= { at: clock.now(), error: unavailable(issuer, error) };
    return failure.error;
  }

  return {
    async key(header, token) {
      found ??= discover();
      const keys = await found.catch((error: unknown) => {
        found = null;
        throw pause(error);
      });
      return keys(header, token).catch((error: unknown) => {
        if (isAboutToken(error)) throw error;
        if (!keys.fresh) found = null; // they may have moved: ask for the provider's document again
        throw pause(error);
      });
    },
  };
}

/** jose looks for the key that the token names; the rest of its errors are about what the provider sent. */
const isAboutToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;

/** Keys that came over plain http could be anybody's. */
const isSafe = (url: URL): boolean =>
  url.username === '' &&
  url.password === '' &&
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));

/** A small JSON document, read whole; redirects are not followed. Rejects with what went wrong. */
async function fetchDocument(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_BYTES) throw new Error(`${url} answered more than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  const text = Buffer.concat(parts).toString();
  JSON.parse(text);
  return new Response(text, { headers: { 'content-type': 'application/json' } });
}

function unavailable(issuer: string, cause: unknown): EarshotError {
  if (cause instanceof EarshotError) return cause;
  const why = typeof cause === 'string' ? `: ${cause}` : '';
  return new EarshotError(
    'identity_unavailable',
    `the keys of the identity provider ${issuer} cannot be had, so that no token of it can be checked${why}`,
    { retryAfterSeconds: PAUSE_MS / 1000, cause },
  );
}
