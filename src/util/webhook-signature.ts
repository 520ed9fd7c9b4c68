import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { EarshotError } from '../errors.ts';

/** Headers of a signed webhook, as Standard Webhooks names them. */
export interface WebhookHeaders extends Readonly<Record<string, string>> {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/** What is known of a webhook that verified. An id that was seen before is a repetition. */
export interface VerifiedWebhook {
  readonly id: string;
  readonly timestampSeconds: number;
}

const PREFIX = 'whsec_';
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?)$/;
/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;
const TOLERANCE_SECONDS = 300;

/** A new secret: `whsec_` and base64 of 256 random bits. */
export function createWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * Signs a webhook (Standard Webhooks 1.0, symmetric `v1`: HMAC-SHA256 over "id.timestamp.body"). `id` stays the same
 * when a webhook is sent again; `timestampSeconds` is the time of this try. With several secrets, while one is replaced,
 * there is a signature for each. Throws `usage` for a secret that is not `whsec_` and base64, or an id with characters
 * other than letters, digits, `-` and `_` (a dot would let the parts run into each other).
 */
export function signWebhook(message: {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string | Uint8Array;
  readonly secret: string | readonly string[];
}): WebhookHeaders {
  const { id, body, secret } = message;
  const timestamp = String(message.timestampSeconds);
  if (!isId(id)) throw new EarshotError('usage', 'a webhook id has letters, digits, - and _, up to 256');
  if (!isTimestamp(timestamp))
    throw new EarshotError(
      'usage',
      `expected whole seconds since 1970 as time of a webhook, got ${timestamp}`,
    );
  const secrets = typeof secret === 'string' ? [secret] : secret;
  if (secrets.length === 0) throw new EarshotError('usage', 'a webhook needs a secret to be signed with');
  const signatures = secrets.map((each) => `v1,${mac(each, id, timestamp, body).toString('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/**
 * Checks that `body`, the bytes as they came and not parsed and printed anew, was signed with `secret` (or one of
 * several) within `toleranceSeconds` (300) of `now` (milliseconds since 1970, the present). Throws `webhook_unverified`,
 * or `usage` for a secret that is none.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  secret: string | readonly string[],
  options: { readonly now?: number; readonly toleranceSeconds?: number } = {},
): VerifiedWebhook {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const given = headerOf(headers, 'webhook-signature');
  if (!isId(id)) throw unverified('webhook-id has characters that no id has');
  if (!isTimestamp(timestamp)) throw unverified('webhook-timestamp is not whole seconds since 1970');
  const { now = Date.now(), toleranceSeconds = TOLERANCE_SECONDS } = options;
  const age = Math.floor(now / 1000) - Number(timestamp);
  if (!(Math.abs(age) <= toleranceSeconds))
    throw unverified(`it is ${age > 0 ? 'older' : 'newer'} than ${toleranceSeconds} s allow`);
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const expected = secrets.map((each) => mac(each, id, timestamp, body));
  let isRight = false;
  for (const signature of given.split(' '))
    for (const each of expected) if (isSame(signature, each)) isRight = true;
  if (!isRight) throw unverified('no signature matches the secret and the body');
  return { id, timestampSeconds: Number(timestamp) };
}

function mac(secret: string, id: string, timestamp: string, body: string | Uint8Array): Buffer {
  const key = Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64');
  // Without the prefix some libraries take a secret as base64 and others as the text itself.
  if (key.length === 0) throw new EarshotError('usage', 'a webhook secret is "whsec_" followed by base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}

/** Compares the texts, of which there is one a signature, where base64 itself has several; in constant time. */
function isSame(signature: string, expected: Buffer): boolean {
  const right = Buffer.from(`v1,${expected.toString('base64')}`);
  const given = Buffer.from(signature);
  return given.length === right.length && timingSafeEqual(given, right);
}

function headerOf(
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  name: string,
): string {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const values = entries
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? [])
    .filter((value) => value !== '');
  if (values.length === 0) throw unverified(`it has no ${name}`);
  if (values.length > 1) throw unverified(`it has ${name} twice`);
  return values[0] as string;
}

const isId = (id: string): boolean => /^[\w-]{1,256}$/.test(id);
/** Up to the year 5138; no sign, point or exponent that another reader would understand differently. */
const isTimestamp = (text: string): boolean => /^(?:0|[1-9]\d{0,10})$/.test(text);

const unverified = (why: string): EarshotError =>
  new EarshotError('webhook_unverified', `the webhook is not accepted: ${why}`, {
    hint: 'take the body as it came, byte for byte, and the secret of this very webhook',
  });
