import { EarshotError, ERRORS } from '../errors.ts';

/** A request whose field `param` is missing, unknown or malformed. */
export class FieldError extends EarshotError {
  readonly param: string;

  constructor(param: string, message: string, code: 'request_invalid' | 'not_found' = 'request_invalid') {
    super(code, message);
    this.param = param;
  }
}

/** An error as HTTP says it, in OpenAI's shape. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
      readonly code: string;
    };
  };
}

/** Seconds after which a refused client may come back: about one chunk of work. */
const RETRY_AFTER = '5';

/**
 * The answer to an error. What the server itself did wrong is told in general words only: messages of such errors hold
 * paths and programs that are no client's business. OpenAI's clients try 429 and 5xx again unless told otherwise.
 */
export function errorAnswer(error: EarshotError): ErrorAnswer {
  const { httpStatus: status, retryable } = error.kind;
  const willBeRetried = status === 408 || status === 409 || status === 429 || status >= 500;
  const isPause = error.code === 'overloaded' || error.code === 'draining';
  return {
    status,
    headers: {
      ...(isPause ? { 'retry-after': RETRY_AFTER } : {}),
      ...(willBeRetried && !retryable ? { 'x-should-retry': 'false' } : {}),
    },
    body: {
      error: {
        message: status >= 500 && !isPause ? ERRORS[error.code].meaning : error.message,
        type: typeOf(status),
        param: error instanceof FieldError ? error.param : null,
        code: error.code,
      },
    },
  };
}

function typeOf(status: number): string {
  if (status === 401 || status === 403) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
