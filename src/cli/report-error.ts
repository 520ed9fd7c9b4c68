import type { EarshotError } from '../errors.ts';
import { asTyped, type Invocation } from './invocation.ts';

/** An error as JSON for --json; never a stack. */
export function errorAsJson(
  { code, message, hint }: EarshotError,
  invocation: Invocation,
): { code: string; message: string; hint: string | null } {
  return { code, message, hint: hint === null ? null : asTyped(hint, invocation) };
}

/** An error as lines for people; `stack` with its causes when debugging was asked for. */
export function errorAsText(error: EarshotError, stack: boolean): string {
  const lines = [`earshot: ${error.message}`];
  if (error.hint !== null) lines.push(`  hint: ${error.hint}`);
  if (stack)
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      lines.push(cause.stack ?? String(cause));
  else if (error.code === 'internal')
    lines.push('  hint: this is a defect; EARSHOT_DEBUG=1 shows where it happened');
  return `${lines.join('\n')}\n`;
}
