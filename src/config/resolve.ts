import { resolve } from 'node:path';
import { EarshotError } from '../errors.ts';
import type { CommandName } from './commands.ts';
import { type OptionName, type Settings, OPTION_NAMES, flagOf, optionOf, optionsOf } from './options.ts';
import { readConfigFile, readEnvironment, readFlags } from './sources.ts';

/** Name of the configuration file that is looked for in the current folder. */
export const CONFIG_FILE = 'earshot.config.json';

/** Where settings come from. */
export interface Sources {
  readonly command: CommandName;
  /** By option name; undefined for a flag that was not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * Every setting for one command: defaults < configuration file < environment < flags. Rejects with `config_invalid`
 * that lists every mistake of every source, each with its place.
 */
export async function resolveSettings({ command, flags, env, cwd }: Sources): Promise<Settings> {
  const names = optionsOf(command);
  const fromFlags = readFlags(flags, names);
  const fromEnvironment = readEnvironment(env, names);
  const given = fromFlags.values.get('config') ?? fromEnvironment.values.get('config') ?? null;
  const path = typeof given === 'string' ? resolve(cwd, given) : resolve(cwd, CONFIG_FILE);
  const fromFile = await readConfigFile(path, given === null);

  const settings: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) {
    const source = [fromFlags, fromEnvironment, fromFile].find((reading) => reading.values.has(name));
    settings[name] = source === undefined ? optionOf(name).default : source.values.get(name);
  }
  const readings = [fromFile, fromEnvironment, fromFlags];
  const mistakes = readings.flatMap((reading) => reading.mistakes);
  const mistaken = readings.flatMap((reading) => reading.mistaken);
  mistakes.push(...contradictions(settings as Settings, names, mistaken));
  if (mistakes.length > 0) throw configError(mistakes);
  return settings as Settings;
}

/** Settings that are right each alone and wrong together; one that is mistaken is not missed as well. */
function contradictions(
  settings: Settings,
  names: readonly OptionName[],
  mistaken: readonly OptionName[],
): string[] {
  const { speakers, minSpeakers, maxSpeakers } = settings;
  if (names.includes('oidcIssuer') && (settings.oidcIssuer === null) !== (settings.oidcAudience === null))
    return [`${flagOf('oidcIssuer')}: goes with ${flagOf('oidcAudience')}, give both`];
  if (!names.includes('speakers')) return [];
  const found: string[] = [];
  if (speakers !== null && (minSpeakers !== null || maxSpeakers !== null))
    found.push(
      `${flagOf('speakers')}: is exact; leave ${flagOf('minSpeakers')} and ${flagOf('maxSpeakers')} away`,
    );
  if (minSpeakers !== null && maxSpeakers !== null && minSpeakers > maxSpeakers)
    found.push(
      `${flagOf('minSpeakers')}: ${minSpeakers} is more than ${flagOf('maxSpeakers')} ${maxSpeakers}`,
    );
  if (settings.engine === 'remote' && settings.workers.length === 0 && !mistaken.includes('workers'))
    found.push(`${flagOf('engine')}: remote needs ${flagOf('workers')} URL,…`);
  return found;
}

function configError(mistakes: readonly string[]): EarshotError {
  const count = mistakes.length === 1 ? 'a setting is wrong' : `${mistakes.length} settings are wrong`;
  return new EarshotError('config_invalid', `${count}:\n${mistakes.map((line) => `  ${line}`).join('\n')}`);
}
