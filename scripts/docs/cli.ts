import { COMMAND_TABLE } from '../../src/cli/commands.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import { COMMANDS } from '../../src/config/commands.ts';
import { VERSION } from '../../src/util/version.ts';
import { GENERATED, markdownTable } from './markdown.ts';

/** docs/reference/cli.md: what `--help` prints, for every command. */
export function cliPage(): string {
  return [
    GENERATED,
    '# Command line',
    'From a checkout: `npm run -s earshot -- <command>`. Once published: `npx earshot <command>`. Every flag can also be',
    'set in the [configuration file or the environment](config.md).',
    '',
    'Results go to files or to stdout, everything else to stderr.',
    '',
    '## Exit codes',
    markdownTable(
      ['code', 'meaning'],
      [
        [
          '0',
          'all done, also when all of it was done before; `serve`, and `watch` without `--once`: ended with Ctrl-C or SIGTERM',
        ],
        ['1', 'some input failed or lost a part; the rest is done and kept'],
        ['2', 'wrong usage or configuration'],
        ['3', 'something that is needed is missing: ffmpeg, an engine, a model'],
        ['130', 'cancelled; the same command goes on from the finished chunks'],
      ],
    ),
    '',
    '## Results of `transcribe` and `submit`',
    'They are called as the recording, `talk.txt` for `talk.wav`, and lie beside it or in `--out`. Of several recordings',
    'with one stem the first in order of path has it, the others keep their extension (`talk.wav.txt`) and, where that is',
    'not enough, get a number. A recording keeps the name under which its `.json` lies, and no other takes it, whatever',
    'the order and whichever was done before.',
    '',
    'Results of the same recording with the same options are `already done`, with exit code 0; formats that are missing',
    'are made from the `.json`, without which there is nothing to tell it by. Anything else of that name is an error,',
    '`output_exists` with exit code 1, unless `--overwrite` is given. `submit` knows what it saved itself, with whatever',
    'settings of the server, of files; what an address gives now, only the server could tell.',
    '',
    '## earshot',
    help([]),
    ...COMMANDS.flatMap((name) => [`## earshot ${name}`, help([name])]),
  ].join('\n');
}

function help(command: readonly string[]): string {
  const parsed = parseCommandLine([...command, '--help'], COMMAND_TABLE, VERSION);
  return `\n\`\`\`text\n${'text' in parsed ? parsed.text.trimEnd() : ''}\n\`\`\`\n`;
}
