import type { EarshotError } from '../errors.ts';
import { createLog, type Log } from '../server/logging.ts';
import type { Context } from './command.ts';

/** How a server says what is going on. */
export interface ServingLog {
  /** Absent: a person watches, who is told in a few plain lines. */
  readonly log?: Log;
  note(line: string): void;
  error(error: EarshotError): void;
}

/** Plain lines for a person at a terminal, one JSON object a line where there is none or a level was asked for. */
export function servingLog({ settings, terminal }: Context): ServingLog {
  const { logLevel, apiKey, webhookSecret, databaseUrl, quiet } = settings;
  if (logLevel === 'auto' && terminal.isInteractive)
    return {
      note: (line) => terminal.note(line),
      error: ({ code, message }) => terminal.error(`${code}: ${message}`),
    };
  const log = createLog({
    level: logLevel !== 'auto' ? logLevel : quiet ? 'error' : 'info',
    write: (line) => terminal.raw(line),
    secrets: [apiKey, webhookSecret, databaseUrl].filter((secret) => secret !== null),
  });
  return {
    log,
    note: (line) => log.info(line),
    error: (error) => log.error({ err: error }, error.code),
  };
}
