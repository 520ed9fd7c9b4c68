import { z } from 'zod';
import { EarshotError, type ErrorCode, ERRORS } from '../errors.ts';

/** A well-formed request whose field or parameter `param` is missing, unknown or wrong. */
export class FieldError extends EarshotError {
  readonly param: string;

  constructor(param: string, message: string, code: ErrorCode = 'field_invalid') {
    super(code, message);
    this.param = param;
  }
}

/** What `check` gives or resolves with; when it refuses an address, the refusal names the field that the address came in. */
export async function addressIn<T>(param: string, check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof EarshotError) || error.code !== 'address_refused') throw error;
    throw new FieldError(param, error.message, error.code);
  }
}

/** A name that a client made up, as much of it as is worth telling back. */
export const shown = (name: string, most = 100): string =>
  name.length > most ? `${name.slice(0, most)}…` : name;

/** The body of every answer from 400 on, in OpenAI's shape. */
export const errorSchema = z
  .object({
    error: z.object({
      message: z.string().describe('What was expected, what came, and the way out.'),
      type: z.enum(['invalid_request_error', 'authentication_error', 'rate_limit_error', 'server_error']),
      param: z.string().nullable().describe('The field or parameter that is wrong; null when none is.'),
      code: z.string().describe('A code of the table of errors in the reference (errors.md).'),
    }),
  })
  .meta({ id: 'Error' });

/** An error as HTTP says it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: z.infer<typeof errorSchema>;
}

/** Seconds after which a refused client may come back where the error does not say: about one chunk of work. */
const RETRY_AFTER = 5;

/** Refusals whose Retry-After is part of the answer, and whose message is written for the client. */
const PAUSES: ReadonlySet<ErrorCode> = new Set([
  'overloaded',
  'draining',
  'rate_limited',
  'quota_exceeded',
  'identity_unavailable',
]);
/** Of the answers with a status from 500 on, those whose message is about the client and holds nothing of the server. */
const TOLD_AS_THEY_ARE: ReadonlySet<ErrorCode> = new Set([
  'draining',
  'identity_unavailable',
  'storage_full',
]);

/**
 * The answer to an error. What the server itself did wrong is told in general words only: messages of such errors hold
 * paths and programs that are no client's business. OpenAI's clients try 429 and 5xx again unless told otherwise.
 */
export function errorAnswer(error: EarshotError): ErrorAnswer {
  const { httpStatus: status, retryable } = error.kind;
  const willBeRetried = status === 408 || status === 409 || status === 429 || status >= 500;
  return {
    status,
    headers: {
      ...(PAUSES.has(error.code) ? { 'retry-after': String(error.retryAfterSeconds ?? RETRY_AFTER) } : {}),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}), // RFC 9110, 15.5.2 asks for it
      ...(willBeRetried && !retryable ? { 'x-should-retry': 'false' } : {}),
    },
    body: {
      error: {
        message:
          status >= 500 && !TOLD_AS_THEY_ARE.has(error.code) ? ERRORS[error.code].meaning : error.message,
        type: typeOf(status),
        param: error instanceof FieldError && error.param !== '' ? error.param : null,
        code: error.code,
      },
    },
  };
}

/**
 * The same error as OpenAI's API would have it: there a wrong field is a 400, while the native routes tell a request that
 * cannot be read (400) from one whose fields are wrong (422).
 */
export function asOpenAi(error: EarshotError): EarshotError {
  if (error.code !== 'field_invalid' || !(error instanceof FieldError)) return error;
  return new FieldError(error.param, error.message, 'request_invalid');
}

function typeOf(status: number): z.infer<typeof errorSchema>['error']['type'] {
  if (status === 401 || status === 403) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
