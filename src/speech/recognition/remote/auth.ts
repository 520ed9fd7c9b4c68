import type { Clock } from '../../../util/clock.ts';
import { bodyText } from './body.ts';
import { WorkerFault } from './fault.ts';
import type { WorkerSpec } from './spec.ts';

/** Makes the headers that authorise calls to one worker, and takes secrets out of texts. */
export interface Authoriser {
  /** Rejects with an `absent` or `down` WorkerFault when a token cannot be had. */
  headers(signal: AbortSignal): Promise<Record<string, string>>;
  /** Forgets a token that was refused; true when another try makes sense because the next one will be new. */
  renew(): boolean;
  /** `text` with every secret of this worker replaced by `***`: servers like to repeat a wrong key in their answer. */
  redact(text: string): string;
}

/** What identity tokens are made with. `metadata`: origin of the metadata server. */
export interface AuthDependencies {
  readonly clock: Clock;
  readonly metadata: string;
}

/** The authoriser of a worker. A Google identity token is for the worker's origin, as Cloud Run and IAP expect. */
export function authoriser(spec: WorkerSpec, dependencies: AuthDependencies): Authoriser {
  switch (spec.auth.kind) {
    case 'none':
      return fixed({}, null);
    case 'bearer':
      return fixed({ authorization: `Bearer ${spec.auth.token}` }, spec.auth.token);
    case 'api-key':
      return fixed({ 'x-api-key': spec.auth.key }, spec.auth.key);
    case 'google':
      return google(spec.base.origin, dependencies);
  }
}

function fixed(headers: Record<string, string>, secret: string | null): Authoriser {
  return {
    headers: async () => headers,
    renew: () => false,
    redact: (text) => (secret === null ? text : text.replaceAll(secret, '***')),
  };
}

/** Google's tokens live an hour; a new one is fetched this long before the end. */
const EARLY_MS = 5 * 60_000;

function google(audience: string, { clock, metadata }: AuthDependencies): Authoriser {
  let token: { readonly value: string; readonly until: number } | null = null;
  return {
    async headers(signal) {
      if (token === null || clock.now() >= token.until - EARLY_MS) {
        const value = await fetchIdentityToken(metadata, audience, signal);
        token = { value, until: expiry(value) };
      }
      return { authorization: `Bearer ${token.value}` };
    },
    renew() {
      const had = token !== null;
      token = null;
      return had;
    },
    redact: (text) => text.replace(/eyJ[\w-]+(?:\.[\w-]+)*/g, '***'),
  };
}

/** https://cloud.google.com/compute/docs/instances/verifying-instance-identity: an unsigned GET inside the machine. */
async function fetchIdentityToken(metadata: string, audience: string, signal: AbortSignal): Promise<string> {
  const url = new URL('/computeMetadata/v1/instance/service-accounts/default/identity', metadata);
  url.searchParams.set('audience', audience);
  const problem = (why: string, kind: 'absent' | 'down' = 'down', cause?: unknown): WorkerFault =>
    new WorkerFault(kind, `no Google identity token for ${audience}: ${why}`, { cause });
  let response: Response;
  try {
    response = await fetch(url, { headers: { 'metadata-flavor': 'Google' }, redirect: 'error', signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw problem('the metadata server cannot be reached (are we on Google Cloud?)', 'absent', cause);
  }
  const text = (await bodyText(response)).trim();
  if (!response.ok) throw problem(`the metadata server answered ${response.status}`);
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) throw problem('the metadata server answered something else');
  return text;
}

/** Milliseconds since the epoch at which a JWT ends; 0 (use once) when it does not say. */
function expiry(jwt: string): number {
  try {
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      exp?: unknown;
    };
    return typeof claims.exp === 'number' ? claims.exp * 1000 : 0;
  } catch {
    return 0;
  }
}
