import type { IncomingHttpHeaders } from 'node:http';
import { EarshotError } from '../../errors.ts';

/** What a request shows to be let in: a key, or, as bearer only, a token. */
export interface Credential {
  readonly text: string;
  readonly isBearer: boolean;
}

/**
 * The key or token in the headers. Throws `unauthorized` when there is none, or when two different ones would leave it
 * to chance who is calling. Other schemes of Authorization are left to the proxies they are meant for.
 */
export function credentialOf(headers: IncomingHttpHeaders): Credential {
  const bearer = /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
  const given = headers['x-api-key'];
  const key = typeof given === 'string' && given !== '' ? given : null;
  if (bearer !== null && key !== null && bearer !== key)
    throw new EarshotError(
      'unauthorized',
      'Authorization and X-API-Key hold different keys: send one of the two headers',
    );
  const text = bearer ?? key;
  if (text === null)
    throw new EarshotError(
      'unauthorized',
      'an API key is needed: send "Authorization: Bearer KEY" or "X-API-Key: KEY"',
    );
  return { text, isBearer: bearer !== null };
}

/** Whether it has the form of a signed JSON Web Token: three parts, the first the base64url of "{…". */
export function isToken({ text, isBearer }: Credential): boolean {
  return isBearer && /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(text);
}
