import { EarshotError } from '../../../errors.ts';

/** How calls to a worker are authorised. */
export type WorkerAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'api-key'; readonly key: string }
  | { readonly kind: 'google' };

/** One HTTP recogniser. */
export interface WorkerSpec {
  /** Origin and path without the query: what messages and logs call the worker. */
  readonly name: string;
  /** The API's root, ending in /v1, without a trailing slash; a query is kept. */
  readonly base: URL;
  /** Chunks it is given at once. */
  readonly slots: number;
  /** Milliseconds for which nobody need be at its address: a machine may still be booting. */
  readonly waitMs: number;
  /** What to send as `model`; null: the engine's model, or whisper-1, which every server knows. */
  readonly model: string | null;
  readonly auth: WorkerAuth;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Two keep a worker's recogniser busy while the next chunk is on the wire. */
const DEFAULT_SLOTS = 2;
/** Seconds: enough for a worker that is just being started again. */
const DEFAULT_WAIT = 10;
const KEYS = ['slots', 'wait', 'model', 'auth'];

/**
 * Reads worker addresses: `http://host:8001`, with or without /v1 and a trailing slash, and, after `#`, any of
 * `slots=4`, `wait=300`, `model=NAME`, `auth=none|google|bearer:VARIABLE|api-key:VARIABLE`, joined by `&`. `wait` is for
 * machines that boot: seconds for which connecting may be refused before the worker counts as absent. VARIABLE is the name of
 * an environment variable, so that no secret stands in an address. Without `auth=`, EARSHOT_WORKER_TOKEN (bearer),
 * EARSHOT_WORKER_API_KEY (X-API-Key) or EARSHOT_WORKER_AUTH=google hold for every worker. Throws `config_invalid` with
 * all mistakes at once; no message repeats a secret.
 */
export function parseWorkers(addresses: readonly string[], env: Environment): WorkerSpec[] {
  const mistakes: string[] = [];
  const specs = addresses.map((address, index) =>
    parseWorker(address, env, (mistake) => mistakes.push(`worker ${index + 1}: ${mistake}`)),
  );
  if (mistakes.length > 0)
    throw new EarshotError('config_invalid', mistakes.join('; '), {
      hint: "an address looks like http://host:8001 or 'https://host/v1#slots=4&auth=bearer:MY_TOKEN_VARIABLE'",
    });
  return specs;
}

function parseWorker(address: string, env: Environment, mistake: (text: string) => void): WorkerSpec {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    mistake('expected an http:// or https:// URL');
    return {
      name: '',
      base: new URL('http://invalid'),
      slots: 1,
      waitMs: 0,
      model: null,
      auth: { kind: 'none' },
    };
  }
  if (url.username !== '' || url.password !== '')
    mistake(`${url.host}: put no user or password into the address, use auth=`);
  const settings = new URLSearchParams(url.hash.slice(1));
  for (const key of settings.keys())
    if (!KEYS.includes(key)) mistake(`${url.host}: unknown setting "${key}", known: ${KEYS.join(', ')}`);
  const slots = settings.get('slots') ?? String(DEFAULT_SLOTS);
  if (!/^[1-9]\d{0,2}$/.test(slots)) mistake(`${url.host}: slots must be a number from 1 to 999`);
  const wait = settings.get('wait') ?? String(DEFAULT_WAIT);
  if (!/^\d{1,4}$/.test(wait)) mistake(`${url.host}: wait must be a number of seconds from 0 to 9999`);
  const base = apiRoot(url);
  return {
    name: `${base.origin}${base.pathname.replace(/\/v1$/, '')}`,
    base,
    slots: Number(slots),
    waitMs: Number(wait) * 1000,
    model: settings.get('model'),
    auth: parseAuth(settings.get('auth') ?? usualAuth(env), env, (text) => mistake(`${url.host}: ${text}`)),
  };
}

function apiRoot(url: URL): URL {
  const base = new URL(url);
  base.hash = base.username = base.password = '';
  const path = base.pathname.replace(/\/+$/, '').replace(/\/audio\/(?:transcriptions|translations)$/, '');
  base.pathname = path.endsWith('/v1') ? path : `${path}/v1`;
  return base;
}

function usualAuth(env: Environment): string {
  if (env['EARSHOT_WORKER_AUTH']) return env['EARSHOT_WORKER_AUTH'];
  if (env['EARSHOT_WORKER_TOKEN']) return 'bearer:EARSHOT_WORKER_TOKEN';
  return env['EARSHOT_WORKER_API_KEY'] ? 'api-key:EARSHOT_WORKER_API_KEY' : 'none';
}

function parseAuth(text: string, env: Environment, mistake: (text: string) => void): WorkerAuth {
  if (text === 'none' || text === 'google') return { kind: text };
  const [, kind, variable] = /^(bearer|api-key):([A-Za-z_]\w*)$/.exec(text) ?? [];
  if (kind === undefined || variable === undefined) {
    mistake(
      'auth must be none, google, bearer:VARIABLE or api-key:VARIABLE, with the name of an environment variable',
    );
    return { kind: 'none' };
  }
  const secret = env[variable]?.trim() ?? '';
  if (!/^[\x21-\x7e]+$/.test(secret))
    mistake(
      `the environment variable ${variable} ${secret === '' ? 'is not set' : 'holds characters that no header may carry'}`,
    );
  return kind === 'bearer' ? { kind, token: secret } : { kind: 'api-key', key: secret };
}
