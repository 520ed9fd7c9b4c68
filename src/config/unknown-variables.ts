import { suggest } from '../util/suggest.ts';
import { isServiceLink } from './service-links.ts';
import { OPTION_NAMES, variablesOf } from './options.ts';

const OURS = 'EARSHOT_';

/** Variables of ours that are no settings, and what each is for. */
export const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  EARSHOT_DEBUG: '`1` adds the stack to an error.',
  EARSHOT_WORKER_TOKEN: 'A bearer token for every address of `workers` that has no `auth=`.',
  EARSHOT_WORKER_API_KEY: 'The same as X-API-Key.',
  EARSHOT_WORKER_AUTH: 'The same as `auth=` behind the address, such as `google`.',
};

/**
 * A line for each EARSHOT_… that nothing reads, with the name that it may have meant; never its value. An empty one
 * counts as not set. Addresses of workers may name variables of the user's own, for keys.
 */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
  workers: readonly string[],
): string[] {
  const known = [...OPTION_NAMES.flatMap(variablesOf), ...Object.keys(OTHER_VARIABLES)].filter(isOurs);
  const addresses = [
    ...workers,
    env['EARSHOT_WORKER_AUTH'] ?? '',
    ...variablesOf('workers').map((name) => env[name] ?? ''),
  ];
  const named = new Set(addresses.flatMap((address) => address.match(/\w+/g) ?? []));
  return Object.entries(env)
    .filter(([name, value = '']) => isOurs(name) && value.trim() !== '' && !isServiceLink(name, value))
    .filter(([name]) => !known.includes(name) && !named.has(name))
    .map(([name]) => {
      const meant = suggest(
        name.slice(OURS.length),
        known.map((each) => each.slice(OURS.length)),
      );
      return `${name}: unknown setting${meant === null ? '' : `; did you mean ${OURS}${meant}?`}`;
    });
}

const isOurs = (name: string): boolean => name.startsWith(OURS);
