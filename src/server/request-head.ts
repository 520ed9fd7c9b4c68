import type { IncomingMessage, Server } from 'node:http';
import { EarshotError } from '../errors.ts';

/** As Node reads it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/**
 * What Node would refuse by itself, in an answer without a body or a request id: HTTP/1.1 asks for exactly one Host, and
 * lets a client expect nothing but 100-continue. null: nothing is wrong. The server is to be made with
 * `requireHostHeader: false`, and given to `takeExpectations`.
 */
export function headProblem({
  httpVersion,
  headers,
  headersDistinct,
}: Pick<IncomingMessage, 'httpVersion' | 'headers' | 'headersDistinct'>): EarshotError | null {
  if (httpVersion === '1.0') return null;
  const hosts = headersDistinct['host'] ?? [];
  if (hosts.length !== 1)
    return new EarshotError('request_invalid', `expected one Host header, got ${hosts.length || 'none'}`);
  if (headers.expect === undefined || CONTINUE.test(headers.expect)) return null;
  return new EarshotError(
    'expectation_unsupported',
    'expected nothing but 100-continue in the Expect header',
  );
}

/** Has requests that expect something answered like all others. */
export function takeExpectations(server: Server): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}
