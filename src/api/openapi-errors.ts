import type { RouteSpec } from './route.ts';

interface ErrorResponse {
  /** Of the component. */
  readonly name: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const RETRY_AFTER = { 'retry-after': 'Seconds after which trying again makes sense.' };

/** Every status that an error can have, as the document tells it. */
export const ERROR_RESPONSES: Readonly<Record<number, ErrorResponse>> = {
  400: { name: 'BadRequest', description: 'The request cannot be read, or leads where it must not.' },
  401: {
    name: 'Unauthorized',
    description: 'The API key or identity token is missing or wrong.',
    headers: { 'www-authenticate': 'Bearer' },
  },
  403: { name: 'Forbidden', description: "The key's scopes do not allow this." },
  404: { name: 'NotFound', description: 'There is no such thing, or it belongs to somebody else.' },
  408: { name: 'RequestTimeout', description: 'The client sent nothing more for too long.' },
  409: { name: 'Conflict', description: 'The state of the thing does not allow this.' },
  410: { name: 'Gone', description: 'It was there, and has expired.' },
  412: { name: 'PreconditionFailed', description: 'The client speaks another version of the protocol.' },
  413: { name: 'TooLarge', description: 'The body is larger than the server takes.' },
  415: { name: 'UnsupportedMediaType', description: 'The body has a type or encoding that is not taken.' },
  417: { name: 'ExpectationFailed', description: 'The client expects what the server does not do.' },
  422: { name: 'Unprocessable', description: 'A field or parameter is missing, unknown or wrong.' },
  423: { name: 'Locked', description: 'Another request is at work on it.' },
  429: {
    name: 'TooManyRequests',
    description: 'More than the key may send or have, or too many wrong keys.',
    headers: RETRY_AFTER,
  },
  431: { name: 'HeadersTooLarge', description: 'The headers are too large.' },
  460: { name: 'ChecksumMismatch', description: 'What came is not what its checksum says.' },
  499: { name: 'Cancelled', description: 'The job was cancelled.' },
  500: { name: 'ServerError', description: 'A defect of the server; its log has more.' },
  502: { name: 'BadGateway', description: 'Another server that the work needs failed.' },
  503: {
    name: 'Unavailable',
    description: 'The server is shutting down, or lacks something that it needs.',
    headers: RETRY_AFTER,
  },
  507: { name: 'NoSpace', description: 'The storage, or the share of the key, is full.' },
};

/** Statuses of the errors that a route can answer: what follows from its kind, and what it says itself. */
export function documentedErrors({ method, scope, query, errors = [], responses }: RouteSpec): number[] {
  const all = [400, 417, 431, 500, ...errors];
  if (scope !== null) all.push(401, 403, 429, 503);
  if (!['GET', 'HEAD'].includes(method)) all.push(408, 413, 415);
  if (query !== undefined) all.push(422);
  return [...new Set(all)].filter((status) => !(status in responses)).sort((a, b) => a - b);
}
