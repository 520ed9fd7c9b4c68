import { EarshotError, type ErrorCode, ERRORS } from '../errors.ts';
import { retryAfter } from '../util/retry-after.ts';

/** An answer of the server that is an error, or no answer at all. */
export class EarshotApiError extends EarshotError {
  /** HTTP status; null: the server was not reached, or did not answer to the end. */
  readonly status: number | null;
  /** What the server calls this request in its log; null where it did not say. */
  readonly requestId: string | null;
  /** The field that is wrong, where one is. */
  readonly param: string | null;
  /** Whether the same request may succeed later. */
  readonly isRetryable: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    told: Partial<Pick<EarshotApiError, 'status' | 'requestId' | 'param' | 'isRetryable'>> & {
      readonly retryAfterSeconds?: number | null;
      readonly cause?: unknown;
    },
  ) {
    const hint = HINTS[code];
    const { retryAfterSeconds } = told;
    super(code, message, {
      ...(hint === undefined ? {} : { hint }),
      ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
      ...(told.cause === undefined ? {} : { cause: told.cause }),
    });
    this.status = told.status ?? null;
    this.requestId = told.requestId ?? null;
    this.param = told.param ?? null;
    this.isRetryable = told.isRetryable ?? false;
  }
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'give the key that the server asks for: EARSHOT_API_KEY, or `apiKey` of the client',
  server_unreachable: 'start one with earshot serve, or name another: --server URL, EARSHOT_SERVER',
};

/** Statuses that say "not now"; other failures stay what they are however often they are asked for. */
const PASSING = new Set([408, 423, 425, 429, 500, 502, 503, 504]);
/** What an error may weigh; what is beyond was not written by an Earshot server. */
const MOST_CHARACTERS = 64 * 1024;

/** The error that an answer which is not 2xx stands for. Reads the body. */
export async function errorOf(response: Response, now: number): Promise<EarshotApiError> {
  const { status, headers } = response;
  const told = readError((await response.text().catch(() => '')).slice(0, MOST_CHARACTERS));
  const known = told !== null && told.code in ERRORS;
  const code = known ? (told.code as ErrorCode) : codeOf(status);
  const wait = retryAfter(headers.get('retry-after'), now);
  const message =
    told?.message ?? `${withoutSecrets(response.url)} answered ${status} ${response.statusText}`;
  return new EarshotApiError(code, message.trim(), {
    status,
    requestId: headers.get('x-request-id'),
    param: told?.param ?? null,
    isRetryable: PASSING.has(status) && headers.get('x-should-retry') !== 'false',
    retryAfterSeconds: wait === null ? null : Math.ceil(wait / 1000),
  });
}

/** The error of a request that got no answer. */
export function unreachable(url: string, cause: unknown): EarshotApiError {
  const message = `the Earshot server ${withoutSecrets(url)} cannot be reached: ${reasonOf(cause)}`;
  return new EarshotApiError('server_unreachable', message, { isRetryable: true, cause });
}

function readError(text: string): { code: string; message: string; param: string | null } | null {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown; param?: unknown } };
    if (typeof error?.code !== 'string' || typeof error.message !== 'string') return null;
    const param = typeof error.param === 'string' ? error.param : null;
    return { code: error.code, message: error.message, param };
  } catch {
    return null; // a proxy's page, or an answer that broke off
  }
}

/** Our word for a status whose answer has none: a proxy's, or a newer server's. */
function codeOf(status: number): ErrorCode {
  if (status >= 500) return 'server_unreachable';
  const known: Readonly<Record<number, ErrorCode>> = {
    401: 'unauthorized',
    403: 'forbidden',
    404: 'not_found',
    410: 'not_found',
    413: 'too_large',
    415: 'media_type_unsupported',
    429: 'overloaded',
  };
  return known[status] ?? 'request_invalid';
}

/** fetch says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    if (cause.cause === undefined) return cause.message;
  }
  return String(error);
}

function withoutSecrets(address: string): string {
  if (!URL.canParse(address)) return address;
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}
