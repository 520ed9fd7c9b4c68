import { basename, dirname, join, relative } from 'node:path';
import { COMMANDS } from '../config/commands.ts';

/** How the program was called. */
export interface Invocation {
  /** What to type for "earshot" where the user is. */
  readonly words: string;
  /** Where the user is: relative paths begin here. */
  readonly cwd: string;
}

/**
 * How to call the program again: by the npm script of a checkout (npm itself goes to the checkout's root, wherever it was
 * called, and keeps the user's folder in INIT_CWD), by npx, by its installed name, or as a file that node runs.
 * `script` is argv[1], an absolute path.
 */
export function invocationOf(
  script: string,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Invocation {
  const { npm_lifecycle_event: event, npm_package_name: name, npm_package_json: json } = env;
  if (event === 'earshot' && name === 'earshot' && json === join(cwd, 'package.json')) {
    const from = env['INIT_CWD'] ?? cwd;
    const inside = !relative(cwd, from).startsWith('..');
    const place = inside ? '' : `--prefix ${quoted(dirname(json))} `;
    return { words: `npm ${place}run -s earshot --`, cwd: from };
  }
  const npx = env['npm_command'] === 'exec' ? 'npx ' : '';
  const installed = basename(script) === 'earshot';
  return { words: installed ? `${npx}earshot` : `${npx}node ${quoted(relative(cwd, script))}`, cwd };
}

/** The same for a text that travels, such as a transcript: without a path of this machine. */
export function wordsAnywhere({ words }: Pick<Invocation, 'words'>): string {
  return /^(?:npx )?earshot$/.test(words) ? words : OF_A_CHECKOUT;
}

const OF_A_CHECKOUT = 'npm run -s earshot --';

const CALL = new RegExp(
  `(?<![\\w/.-])(?<!npx )(?:${OF_A_CHECKOUT}|earshot) (?=(?:${[...COMMANDS, 'help', '--help', '\\[options\\]'].join('|')})(?![\\w-]))`,
  'g',
);

/** A text in which every command line that begins with "earshot", or was written for a checkout, can be typed as it stands. */
export function asTyped(text: string, { words }: Pick<Invocation, 'words'>): string {
  return text.replaceAll(CALL, () => `${words} `);
}

const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : JSON.stringify(path));
