import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { EarshotError } from '../errors.ts';

/**
 * Whether the server may listen there: beyond this machine only when it asks who calls, or with `insecure`. Throws `usage`.
 */
export function checkBind(host: string, asksWho: boolean, insecure: boolean): void {
  if (isLoopback(host) || asksWho || insecure) return;
  throw new EarshotError('usage', `listening on ${host} without an API key would let everybody in`, {
    hint: 'set EARSHOT_API_KEY, or say --insecure when the network itself keeps others out',
  });
}

/** Whether an address or name stands for this machine and nothing else. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(bare) === 4) return bare.startsWith('127.');
  return bare === '::1' || bare === 'localhost' || bare.endsWith('.localhost');
}

/**
 * A server without a key on this machine must not obey web pages: one on any site can post forms to localhost, and one
 * whose name was rebound to 127.0.0.1 can read the answers as well. Throws `unauthorized` for a request that comes from
 * another site or that calls this machine by a foreign name.
 */
export function checkLocal(headers: IncomingHttpHeaders): void {
  const host = hostname(`http://${headers.host ?? 'localhost'}`);
  const origin = headers.origin === undefined ? host : hostname(headers.origin);
  if (host !== null && origin !== null && isLoopback(host) && isLoopback(origin)) return;
  throw new EarshotError(
    'unauthorized',
    'without an API key this server answers programs and pages of this machine only',
  );
}

const hostname = (url: string): string | null => (URL.canParse(url) ? new URL(url).hostname : null);
