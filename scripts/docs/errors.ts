import { ERRORS } from '../../src/errors.ts';
import { GENERATED, code, markdownTable } from './markdown.ts';

/** docs/reference/errors.md: every row of src/errors.ts. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([name, kind]) => [
    code(name),
    String(kind.exitCode),
    String(kind.httpStatus),
    kind.retryable ? 'yes' : 'no',
    kind.meaning,
  ]);
  return [
    GENERATED,
    '# Errors',
    'Every error that Earshot raises on purpose has one of these codes. On stderr it is a message and, where there is a',
    `way out, a hint; with ${code('--json')} the code is ${code('error.code')} of the object on stdout.`,
    `${code('EARSHOT_DEBUG=1')} adds the stack.`,
    '',
    markdownTable(['code', 'exit code', 'HTTP status', 'worth retrying', 'meaning'], rows),
  ].join('\n');
}
