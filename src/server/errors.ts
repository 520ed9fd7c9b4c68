import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { asOpenAi, errorAnswer } from '../api/errors.ts';
import { EarshotError, type ErrorCode, toEarshotError } from '../errors.ts';

/** Names an answer in the log. */
export const requestId = (): string => `req_${randomUUID().replaceAll('-', '')}`;

/** Answers a request with an error, and tells `onError` of those whose message the client does not see. */
export function sendError(onError?: (error: EarshotError) => void) {
  return (thrown: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void => {
    const { spec } = request.routeOptions.config;
    const error = fromFastify(thrown, Object.keys(spec?.body ?? {})) ?? toEarshotError(thrown);
    const isNews = error.kind.httpStatus >= 500 && error.code !== 'draining';
    if (isNews && !isGone(thrown, request)) onError?.(error);
    const { status, headers, body } = errorAnswer(spec?.tag === 'OpenAI' ? asOpenAi(error) : error);
    reply.code(status).headers(headers).header('x-request-id', request.id);
    // A route may have begun to say what its answer would be.
    void reply.header('content-type', 'application/json; charset=utf-8').send(body);
  };
}

/** Whether the client ended the connection while its request was read: nobody's defect, and nobody hears the answer. */
const isGone = (error: NodeJS.ErrnoException, { raw }: FastifyRequest): boolean =>
  error.code === 'ECONNRESET' && raw.socket.destroyed;

/** What fastify and its plugins say of bad requests to a route that takes bodies of `types`, in our codes; null when it is not theirs or not the client's fault. */
function fromFastify(error: FastifyError | Error, types: readonly string[]): EarshotError | null {
  const { statusCode: status, code } = error as Partial<FastifyError>;
  if (error instanceof EarshotError || status === undefined || status >= 500) return null;
  if (code === 'FST_REQ_FILE_TOO_LARGE')
    return mapped('too_large', 'the file is larger than this server takes', error);
  if (status === 406 || status === 415)
    return mapped(
      'media_type_unsupported',
      types.length > 0 ? `expected a body of type ${types.join(' or ')}` : 'this takes no body',
      error,
    );
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return mapped('too_large', 'the body is larger than this server takes; send recordings as a form', error);
  if (status === 413) return mapped('too_large', 'the form has too many parts', error);
  return mapped('request_invalid', error.message, error);
}

const mapped = (code: ErrorCode, message: string, cause: Error): EarshotError =>
  new EarshotError(code, message, { cause });

/** Bytes that are no HTTP, and requests that stand still, never reach a route's own answer. */
export function onMalformedHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { status, headers, body } = errorAnswer(malformed(error.code));
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `x-request-id: ${requestId()}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
  socket.destroySoon(); // whoever keeps the other half open does not keep us
}

/** Ends a connection on which the body of a request stands still. */
export function onIdleBody(socket: Socket, isAnswered: boolean): void {
  if (isAnswered) return void socket.destroy();
  onMalformedHttp(Object.assign(new Error('idle'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
}

function malformed(code: string | undefined): EarshotError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new EarshotError('request_timeout', 'nothing more of the request has come for too long');
  if (code === 'HPE_HEADER_OVERFLOW')
    return new EarshotError('headers_too_large', 'the headers are larger than 16 kB');
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return new EarshotError('too_large', 'the chunk extensions are larger than 16 kB');
  return new EarshotError('request_invalid', 'the request is not valid HTTP');
}
