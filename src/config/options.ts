import type { CommandName } from './commands.ts';
import type { Option } from './option.ts';
import { CLIENT_OPTIONS } from './options/client.ts';
import { KEYS_OPTIONS } from './options/keys.ts';
import { OUTPUT_OPTIONS } from './options/output.ts';
import { RUNNING_OPTIONS } from './options/running.ts';
import { SERVING_OPTIONS } from './options/serving.ts';
import { TRANSCRIPTION_OPTIONS } from './options/transcription.ts';

/** THE table of settings. A row here is a flag, a variable, a key of the configuration file, and a line of the docs. */
export const OPTIONS = {
  ...TRANSCRIPTION_OPTIONS,
  ...OUTPUT_OPTIONS,
  ...CLIENT_OPTIONS,
  ...KEYS_OPTIONS,
  ...RUNNING_OPTIONS,
  ...SERVING_OPTIONS,
};

export type OptionName = keyof typeof OPTIONS;

/** The value of every setting; those that a command does not take have their default. */
export type Settings = {
  readonly [Name in OptionName]: (typeof OPTIONS)[Name] extends Option<infer T> ? T : never;
};

/** Names of all settings, in the order of the table. */
export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

/** The row of a setting. */
export function optionOf(name: OptionName): Option {
  return OPTIONS[name] as Option;
}

/** Names of the settings that a command takes. */
export function optionsOf(command: CommandName): OptionName[] {
  return OPTION_NAMES.filter((name) => optionOf(name).commands.includes(command));
}

/** "minSpeakers" -> "--min-speakers"; null for a secret. */
export function flagOf(name: OptionName): string | null {
  return optionOf(name).hasFlag ? `--${words(name).join('-')}` : null;
}

/** The variables that set it, the strongest first; empty when it comes by flag only. */
export function variablesOf(name: OptionName): string[] {
  const { everywhere, otherEnv } = optionOf(name);
  return everywhere ? [`EARSHOT_${words(name).join('_').toUpperCase()}`, ...otherEnv] : [...otherEnv];
}

/** Whether the configuration file may set it. */
export function isFileKey(name: OptionName): boolean {
  return optionOf(name).everywhere;
}

function words(name: string): string[] {
  return name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}
