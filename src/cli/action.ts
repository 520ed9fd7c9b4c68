import { EarshotError } from '../errors.ts';
import { suggest } from '../util/suggest.ts';
import type { Context } from './command.ts';

/** What the first argument of a command may be, such as list, and what is done with the rest of them. */
export type Actions = Readonly<
  Record<string, (args: readonly string[], context: Context) => Promise<0 | 1 | 3>>
>;

/** The action that the first argument names, and the other arguments. Throws `usage` for one that there is not. */
export function actionOf(
  command: string,
  actions: Actions,
  [name = '', ...args]: readonly string[],
): readonly [Actions[string], readonly string[]] {
  const action = actions[name];
  if (action !== undefined) return [action, args];
  const names = Object.keys(actions);
  const meant = suggest(name, names);
  throw new EarshotError(
    'usage',
    `expected ${names.slice(0, -1).join(', ')} or ${names.at(-1)}, got "${name}"`,
    { hint: meant === null ? `earshot ${command} --help says how` : `did you mean ${meant}?` },
  );
}
