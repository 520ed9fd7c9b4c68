import {
  OPTION_NAMES,
  type OptionName,
  flagOf,
  isFileKey,
  optionOf,
  variablesOf,
} from '../../src/config/options.ts';
import { CONFIG_FILE } from '../../src/config/resolve.ts';
import { OTHER_VARIABLES } from '../../src/config/unknown-variables.ts';
import { GENERATED, code, markdownTable } from './markdown.ts';

/** docs/reference/config.md: every setting and where it can come from. */
export function configPage(): string {
  const groups = [...new Set(OPTION_NAMES.map((name) => optionOf(name).group))];
  return [
    GENERATED,
    '# Settings',
    'Defaults < configuration file < environment < flags.',
    '',
    `The file is ${code(CONFIG_FILE)} in the current folder, or what ${code('--config')} or ${code('EARSHOT_CONFIG')} names.`,
    'Its keys are the names below; lists are JSON arrays or texts with commas; unknown keys are errors. Its JSON Schema is',
    '[config.schema.json](config.schema.json). Every mistake of every source is reported at once, each with its place, and',
    'the exit code is 2. A variable `EARSHOT_…` that nothing reads is a warning.',
    '',
    ...groups.flatMap((group) => [`## ${group}`, groupTable(group), '']),
    '## Variables beside the settings',
    markdownTable(
      ['environment', 'meaning'],
      Object.entries(OTHER_VARIABLES).map(([name, meaning]) => [code(name), meaning]),
    ),
    '',
  ].join('\n');
}

function groupTable(group: string): string {
  const names = OPTION_NAMES.filter((name) => optionOf(name).group === group);
  return markdownTable(
    ['name', 'values', 'default', 'flag', 'environment', 'commands', 'meaning'],
    names.map(row),
  );
}

function row(name: OptionName): string[] {
  const { accepts, default: usual, kind, commands, description } = optionOf(name);
  const flag = flagOf(name);
  const shown = usual === null ? '' : Array.isArray(usual) ? usual.join(',') || 'none' : String(usual);
  const flags = flag === null ? [] : kind === 'boolean' ? [flag, flag.replace('--', '--no-')] : [flag];
  return [
    isFileKey(name) ? code(name) : `${name} (not in the file)`,
    accepts,
    shown === '' ? '' : code(shown),
    flags.map(code).join(' '),
    variablesOf(name).map(code).join(' '),
    commands.join(', '),
    description,
  ];
}
