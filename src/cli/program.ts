import { Command as Program, CommanderError, Option as Flag } from 'commander';
import { COMMANDS, type CommandName } from '../config/commands.ts';
import { type OptionName, flagOf, optionOf, optionsOf } from '../config/options.ts';
import { EarshotError } from '../errors.ts';
import { suggest } from '../util/suggest.ts';
import type { Command } from './command.ts';

/** What a command line asks for: a command, or a text to show (help, version). */
export type Parsed =
  | {
      readonly command: CommandName;
      readonly args: readonly string[];
      readonly flags: Record<string, unknown>;
    }
  | { readonly text: string };

/**
 * Reads a command line (without node and script). Throws `usage` for unknown commands and flags, with a suggestion, and
 * for missing arguments. Values of flags are left as text: config/resolve.ts reads them.
 */
export function parseCommandLine(
  argv: readonly string[],
  table: Readonly<Record<CommandName, Command>>,
  version: string,
): Parsed {
  assertHelpExists(argv);
  let shown = '';
  let chosen: Parsed | null = null;
  const program = buildProgram(table, version, (parsed) => (chosen = parsed));
  const capture = {
    writeOut: (text: string) => (shown += text),
    writeErr: (text: string) => (shown += text),
    outputError: () => undefined,
  };
  for (const each of [program, ...program.commands]) each.configureOutput(capture).exitOverride();
  try {
    program.parse(argv[0] === 'help' && argv[1] === 'help' ? ['help'] : [...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text: shown };
    throw usageError(error, argv);
  }
  return chosen ?? { text: program.helpInformation() };
}

/** The commander program behind the table; scripts/docs.ts prints its help. */
export function buildProgram(
  table: Readonly<Record<CommandName, Command>>,
  version: string,
  choose: (parsed: Parsed) => void,
): Program {
  const program = new Program('earshot')
    .description('Who said what, when and how: recordings into speaker-attributed, enriched transcripts.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ helpWidth: 100, sortSubcommands: false })
    .addHelpText(
      'after',
      `\n${examples([
        ['transcribe talk.mp4', ''],
        ['doctor', ''],
        ['help transcribe', ''],
      ])}`,
    );
  for (const name of COMMANDS) program.addCommand(subcommand(name, table[name], choose));
  return program;
}

function subcommand(
  name: CommandName,
  { summary, argument, examples: lines }: Command,
  choose: (parsed: Parsed) => void,
): Program {
  const sub = new Program(name)
    .description(sentence(summary))
    .summary(summary)
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ helpWidth: 100 })
    .allowExcessArguments(false)
    .addHelpText('after', `\n${examples(lines)}`);
  for (const [index, form] of (argument?.form.match(/[<[][^>\]]*[>\]]/g) ?? []).entries())
    sub.argument(form, index === 0 ? (argument?.description ?? '') : '');
  for (const option of optionsOf(name)) for (const flag of flagsFor(option)) sub.addOption(flag);
  sub.action(() => choose({ command: name, args: sub.args, flags: sub.opts() }));
  return sub;
}

/** The flag of a setting; of a yes-or-no both forms, of which the help shows the one that changes something. */
function flagsFor(name: OptionName): Flag[] {
  const flag = flagOf(name);
  if (flag === null) return [];
  const { kind, placeholder, description, without, default: usual, group, choices } = optionOf(name);
  if (kind === 'boolean') {
    const yes = new Flag(flag, description).helpGroup(`${group}:`);
    const no = new Flag(flag.replace('--', '--no-'), without ?? `Not: ${description}`).helpGroup(`${group}:`);
    return [yes.hideHelp(usual === true), no.hideHelp(usual !== true).default(undefined)];
  }
  const known = choices !== null ? ` (${choices.join(', ')})` : '';
  const standard =
    usual === null || (Array.isArray(usual) && usual.length === 0) ? '' : ` [${String(usual)}]`;
  const shown = new Flag(`${flag} ${placeholder}`, `${description}${known}${standard}`).helpGroup(
    `${group}:`,
  );
  if (kind === 'list')
    shown.argParser((value: string, before: string | undefined) =>
      before === undefined ? value : `${before},${value}`,
    );
  return [shown];
}

function examples(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(
    ([command, what]) => `  earshot ${what === '' ? command : command.padEnd(width + 2)}${what}`,
  );
  return `Examples:\n${rows.join('\n')}`;
}

/** "help nope" names a command that does not exist; commander would show the help of all of them. */
function assertHelpExists([help, name]: readonly string[]): void {
  if (
    help !== 'help' ||
    name === undefined ||
    name === 'help' ||
    name.startsWith('-') ||
    COMMANDS.some((known) => known === name)
  )
    return;
  const meant = suggest(name, COMMANDS);
  throw new EarshotError('usage', `there is no command '${name}' to help with`, {
    hint: meant === null ? 'earshot --help lists them' : `did you mean ${meant}?`,
  });
}

/** commander says "error: unknown option '--x'\n(Did you mean --y?)"; ours is a message and a hint. */
function usageError(error: CommanderError, argv: readonly string[]): EarshotError {
  const text = error.message.replace(/^error: /, '');
  const meant = /\(Did you mean (.*?)\?\)/s.exec(text);
  const message = text.replace(/\s*\(Did you mean .*?\?\)/s, '').trim();
  if (error.code === 'commander.help')
    return new EarshotError('usage', 'expected a command', { hint: 'earshot --help lists them' });
  return new EarshotError('usage', message, {
    hint: meant ? `did you mean ${meant[1]}?` : usageHint(error, argv),
  });
}

function usageHint({ code, message }: CommanderError, argv: readonly string[]): string {
  const command = COMMANDS.find((name) => name === argv[0]);
  if (code === 'commander.unknownCommand' && /[./]/.test(argv[0] ?? ''))
    return `to transcribe it: earshot transcribe ${argv[0]}`;
  const help = command === undefined ? 'earshot --help' : `earshot ${command} --help`;
  if (code !== 'commander.unknownOption') return `${help} says how`;
  const own = command === undefined ? null : ownFlag(/'(--[\w-]+)/.exec(message)?.[1] ?? '', command);
  return own === null ? `${help} lists the flags; a file of that name goes after --` : `did you mean ${own}?`;
}

/** Settings that mean the same to different commands. */
const ALIKE: readonly (readonly OptionName[])[] = [['formats', 'to']];

/** What a command calls a flag of others; null when it has no such thing. */
function ownFlag(flag: string, command: CommandName): string | null {
  const names = ALIKE.find((alike) => suggest(flag, alike.map(flagOf).filter(isFlag)) !== null);
  const own = names?.find((name) => optionOf(name).commands.includes(command));
  return own === undefined ? null : flagOf(own);
}

const isFlag = (flag: string | null): flag is string => flag !== null;

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
