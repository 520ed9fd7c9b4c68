import { pino, stdTimeFunctions, type Logger } from 'pino';
import { EarshotError, toEarshotError } from '../errors.ts';
import { endOf, type Happening } from '../jobs/happenings.ts';
import type { JobFailure } from '../jobs/job.ts';

export type Log = Logger;
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/**
 * A log of one JSON object a line. No line holds a key, a token, a webhook's secret, the query string or password of a URL,
 * or any of `secrets`; none holds a character that a terminal would act on, whatever a client has sent.
 */
export function createLog(options: {
  readonly level: (typeof LOG_LEVELS)[number];
  /** Takes whole lines. */
  readonly write: (line: string) => void;
  /** Texts that must never be seen. */
  readonly secrets?: readonly string[];
}): Log {
  const { level, write, secrets = [] } = options;
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        err: toldError,
        // What fastify says of its own accord names no URL either.
        req: (request: { id?: unknown; method?: unknown }) => ({ id: request.id, method: request.method }),
        res: (reply: { statusCode?: unknown }) => ({ status: reply.statusCode }),
      },
      hooks: { streamWrite: (line) => withoutSecrets(line, secrets) },
    },
    { write },
  );
}

/** Writes what this process does to jobs. */
export function logHappening(log: Log, happening: Happening): void {
  if (happening.what === 'begun') {
    const { stage, job } = happening.run;
    return log.debug(
      { job: job.id, stage: stage.name, index: stage.index, try: stage.tries + 1 },
      'stage begun',
    );
  }
  if (happening.what === 'settled') {
    const { stage, job } = happening.run;
    const { outcome } = happening;
    const error = outcome.as === 'done' ? null : outcome.error;
    const about = { job: job.id, stage: stage.name, index: stage.index, ...failureOf(error) };
    if (outcome.as === 'done') log.debug(about, 'stage done');
    else log.warn(about, outcome.as === 'failed' ? 'stage failed' : 'stage is to be run again');
    const end = endOf(happening.run, outcome);
    if (end !== null) log.info({ job: job.id, kind: job.kind, owner: job.owner }, `job ${end}`);
    return;
  }
  if (happening.what === 'delivered') {
    const { delivery, outcome } = happening;
    const about = {
      job: delivery.jobId,
      delivery: delivery.message,
      status: outcome.status,
      reason: outcome.reason,
    };
    return outcome.state === 'delivered'
      ? log.info(about, 'webhook delivered')
      : log.warn(about, `webhook ${outcome.state}`);
  }
  const { what, job } = happening;
  log.info({ job: job.id, kind: job.kind, owner: job.owner }, `job ${what}`);
}

const failureOf = (error: JobFailure | null): object =>
  error === null ? {} : { err: { code: error.code, message: error.message } };

function toldError(error: unknown): object {
  if (!(error instanceof Error)) return error as object;
  const { code, message } = error instanceof EarshotError ? error : toEarshotError(error);
  return { code, message };
}

/** Repetitions are bounded, so that a long line takes no long time. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"\\/@]{1,300}@/gi, '$1…@'],
  [/\b(https?:\/\/[^\s"\\?#]{0,2000})[?#][^\s"\\]*/gi, '$1?…'],
  [/\bek_[\w-]{20,}/g, 'ek_…'],
  [/\bwhsec_[\w+/=-]+/g, 'whsec_…'],
  [/\beyJ[\w-]{1,5000}\.[\w-]+(?:\.[\w-]*)?/g, 'eyJ…'],
  [/\b(bearer\s{1,9})[^\s"\\]+/gi, '$1…'],
];
/** JSON leaves them as they are: C1 controls, among them the 8-bit escape of terminals, and what turns text around. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function withoutSecrets(line: string, secrets: readonly string[]): string {
  let safe = line;
  for (const secret of secrets) safe = safe.replaceAll(JSON.stringify(secret).slice(1, -1), '…');
  for (const [pattern, put] of SECRETS) safe = safe.replace(pattern, put);
  return safe.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
