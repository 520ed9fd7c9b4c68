import { readFile } from 'node:fs/promises';
import { suggest } from '../util/suggest.ts';
import { type OptionName, OPTION_NAMES, flagOf, isFileKey, optionOf, variablesOf } from './options.ts';
import { isServiceLink } from './service-links.ts';
import { type Checked, valueOfJson, valueOfText } from './value.ts';

/** What one source says: the valid values it sets, and its mistakes, each with its place. */
export interface Reading {
  readonly values: ReadonlyMap<OptionName, unknown>;
  readonly mistakes: readonly string[];
  /** The settings of which the mistakes are. */
  readonly mistaken: readonly OptionName[];
}

/** Flags as the command line gives them: text, or true and false for --name and --no-name. */
export function readFlags(flags: Readonly<Record<string, unknown>>, names: readonly OptionName[]): Reading {
  return collect(names, (name) => {
    const given = flags[name];
    if (given === undefined) return null;
    const checked: Checked =
      typeof given === 'string' ? valueOfText(optionOf(name), given) : { ok: true, value: given };
    return { place: flagOf(name) ?? name, checked };
  });
}

/**
 * Environment variables; an empty one, or what Kubernetes says of a Service of our name, counts as not set. Our own are checked also where the command at hand does not
 * take them; those that other programs share with us (PORT) are looked at only where it does.
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly OptionName[],
): Reading {
  const reading = collect(OPTION_NAMES, (name) => {
    const variables = variablesOf(name).filter((each) => names.includes(name) || each.startsWith('EARSHOT_'));
    const variable = variables.find((each) => isSet(each, env[each]));
    if (variable === undefined) return null;
    return { place: variable, checked: valueOfText(optionOf(name), env[variable] as string) };
  });
  const values = new Map([...reading.values].filter(([name]) => names.includes(name)));
  return { ...reading, values };
}

const isSet = (name: string, value = ''): boolean => value.trim() !== '' && !isServiceLink(name, value);

/** The configuration file; every key in it is checked. `optional`: a file that is not there says nothing. */
export async function readConfigFile(path: string, optional: boolean): Promise<Reading> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (optional && code === 'ENOENT') return nothing([]);
    return nothing([`${path}: cannot be read (${code ?? 'unknown error'})`]);
  }
  try {
    return readConfigJson(JSON.parse(text), path);
  } catch (error) {
    return nothing([`${path}: is not JSON: ${(error as Error).message}`]);
  }
}

function readConfigJson(json: unknown, path: string): Reading {
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    return nothing([`${path}: expected an object of settings`]);
  const entries = json as Record<string, unknown>;
  const keys = OPTION_NAMES.filter(isFileKey);
  const unknown = Object.keys(entries).filter(
    (key) => key !== '$schema' && !(keys as string[]).includes(key),
  );
  const known = collect(
    keys.filter((key) => Object.hasOwn(entries, key)),
    (name) => ({ place: `${path}: ${name}`, checked: valueOfJson(optionOf(name), entries[name]) }),
  );
  return {
    ...known,
    mistakes: [...unknown.map((key) => unknownKey(path, key, keys)), ...known.mistakes],
  };
}

function unknownKey(path: string, key: string, keys: readonly string[]): string {
  const camel = key.replace(/^-+/, '').replace(/[-_](\w)/g, (_all, letter: string) => letter.toUpperCase());
  const meant = suggest(camel, keys);
  return `${path}: ${key}: unknown setting${meant === null ? '' : `; did you mean "${meant}"?`}`;
}

function collect(
  names: readonly OptionName[],
  read: (name: OptionName) => { place: string; checked: Checked } | null,
): Reading {
  const values = new Map<OptionName, unknown>();
  const mistakes: string[] = [];
  const mistaken: OptionName[] = [];
  for (const name of names) {
    const found = read(name);
    if (found === null) continue;
    if (found.checked.ok) values.set(name, found.checked.value);
    else {
      mistakes.push(`${found.place}: ${found.checked.problem}`);
      mistaken.push(name);
    }
  }
  return { values, mistakes, mistaken };
}

const nothing = (mistakes: readonly string[]): Reading => ({ values: new Map(), mistakes, mistaken: [] });
