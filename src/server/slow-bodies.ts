import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How long clients may keep the server waiting, in milliseconds. */
export interface Timeouts {
  /** For all headers of a request. */
  readonly headers: number;
  /** For the next byte of a body. An upload of hours is fine, one that stands still is not. */
  readonly idleBody: number;
  /** For the rest of a body whose answer has been sent: a client that reads it only then gets to see it. */
  readonly linger: number;
}

export const TIMEOUTS: Timeouts = { headers: 30_000, idleBody: 60_000, linger: 10_000 };

/**
 * Watches the body of a request until it has arrived: `onIdle` is called when none of it has come for `idleBody`. A server
 * that does not read, because its disk is slow, is no fault of the client's.
 */
export function watchBody(
  request: IncomingMessage,
  response: ServerResponse,
  { idleBody }: Timeouts,
  onIdle: (socket: Socket) => void,
): void {
  if (!hasBody(request)) return;
  const { socket } = request;
  let seen = socket.bytesRead;
  const timer = setInterval(() => {
    if (request.complete) return stop();
    if (socket.bytesRead === seen && request.readableLength === 0) {
      stop();
      onIdle(socket);
    }
    seen = socket.bytesRead;
  }, idleBody).unref();
  const stop = (): void => clearInterval(timer);
  request.once('close', stop);
  response.once('close', stop);
}

/**
 * After the answer to a request whose body has not all been read, such as a 401: what still comes is thrown away for a
 * while, so that the client gets to read the answer, and then the connection is ended.
 */
export function endBody(request: IncomingMessage, { linger }: Timeouts): void {
  if (request.complete || request.destroyed || !hasBody(request)) return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), linger).unref();
  request.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  request.unpipe();
  request.resume();
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
