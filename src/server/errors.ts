import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswer } from '../api/errors.ts';
import { EarshotError, type ErrorCode, toEarshotError } from '../errors.ts';

/** Answers a request with an error, and tells `onError` of those whose message the client does not see. */
export function sendError(onError?: (error: EarshotError) => void) {
  return (thrown: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void => {
    const error = fromFastify(thrown) ?? toEarshotError(thrown);
    if (error.kind.httpStatus >= 500) onError?.(error);
    const { status, headers, body } = errorAnswer(error);
    void reply.code(status).headers(headers).header('x-request-id', request.id).send(body);
  };
}

/** What fastify and its plugins say of bad requests, in our codes; null when it is not theirs or not the client's fault. */
function fromFastify(error: FastifyError | Error): EarshotError | null {
  const { statusCode: status, code } = error as Partial<FastifyError>;
  if (error instanceof EarshotError || status === undefined || status >= 500) return null;
  if (code === 'FST_REQ_FILE_TOO_LARGE')
    return mapped('too_large', 'the file is larger than this server takes', error);
  if (status === 406 || status === 415)
    return mapped('media_type_unsupported', 'expected a multipart/form-data body', error);
  if (status === 413) return mapped('too_large', 'the form has too many parts', error);
  return mapped('request_invalid', error.message, error);
}

const mapped = (code: ErrorCode, message: string, cause: Error): EarshotError =>
  new EarshotError(code, message, { cause });

/** Bytes that are no HTTP never reach a route. */
export function onMalformedHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const body = JSON.stringify(
    errorAnswer(new EarshotError('request_invalid', 'the request is not valid HTTP')).body,
  );
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
