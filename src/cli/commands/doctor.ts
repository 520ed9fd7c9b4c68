import type { Run } from '../command.ts';
import { checkAll } from '../checks.ts';
import { asTyped } from '../invocation.ts';
import { table } from '../table.ts';

/** A row for each thing looked at; exit code 3 when one that is needed is missing. */
export const doctorCommand: Run = async (context) => {
  const { settings, terminal } = context;
  const checks = (await checkAll(context)).map((check) => ({
    ...check,
    fix: check.fix === null ? null : asTyped(check.fix, context.invocation),
  }));
  if (settings.json) for (const check of checks) await terminal.result(`${JSON.stringify(check)}\n`);
  else {
    const rows = checks.map(({ name, state, found, fix }) => [state, name, found, fix ?? '']);
    await terminal.result(table(['state', 'what', 'found', 'mend it with'], rows));
  }
  const missing = checks.filter(({ state }) => state === 'missing');
  if (missing.length === 0) terminal.note('everything that is needed is here');
  return missing.length === 0 ? 0 : 3;
};
