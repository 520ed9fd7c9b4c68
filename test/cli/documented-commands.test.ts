import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMAND_TABLE } from '../../src/cli/commands.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import { recommendedModel } from '../../src/cli/recommended.ts';
import { OPTION_NAMES, flagOf } from '../../src/config/options.ts';
import { modelBytes } from '../../src/models/index.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = ['README.md', 'CONTRIBUTING.md', 'samples/README.md', 'docs/performance.md'];
const read = (name: string): Promise<string> => readFile(join(ROOT, name), 'utf8');

/** Command lines of fenced blocks and of code in the text, without their comments. */
function commandsOf(page: string): string[] {
  const fenced = [...page.matchAll(/^```\n(.*?)^```$/gms)].flatMap((match) => (match[1] ?? '').split('\n'));
  const inline = [...page.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(
    (match) => match[1] ?? '',
  );
  return [...fenced, ...inline]
    .map((line) =>
      line
        .replace(/ {2,}#.*/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => /^(\w+=\S+ )*(npm|npx|node|earshot) /.test(line))
    .map((line) => line.replace(/^(\w+=\S+ )+/, ''));
}

for (const name of PAGES)
  test(`every command of ${name} exists and runs on the locked Node`, async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    const commands = commandsOf(await read(name));
    assert.ok(commands.length > 0);
    for (const command of commands) {
      assert.doesNotMatch(command, /^(node|earshot) /, `${command}: nobody has this on a fresh machine`);
      const script = /^npm (?:run (?:-s )?)?([\w:]+)/.exec(command)?.[1] ?? '';
      if (command.startsWith('npm ') && script !== 'install')
        assert.ok(script in scripts || `${script}:only` in scripts, command);
      const line = /^npm run -s earshot -- (.*)$/.exec(command)?.[1];
      if (line !== undefined) parseCommandLine(line.split(' '), COMMAND_TABLE, '0');
      for (const file of command.match(/\S+\.ts\b/g) ?? []) await access(join(ROOT, file));
    }
  });

test('every flag that the README names exists', async () => {
  const known = OPTION_NAMES.flatMap((name) => [flagOf(name), flagOf(name)?.replace('--', '--no-')]);
  const named = (await read('README.md')).match(/(?<=`)--[a-z-]+|(?<= )--[a-z]+[a-z-]*(?=[^`\n|]*`)/g) ?? [];
  assert.ok(named.length >= 8);
  for (const flag of new Set(named)) assert.ok([...known, '--help'].includes(flag), flag);
});

test('the README says what the first transcription downloads, and how to have it not', async () => {
  const bytes = modelBytes(recommendedModel('recognition', 'sherpa') as never) as number;
  const sentence = new RegExp(`about ${Math.round(bytes / 1e7) * 10} MB[^.]*\\.[^.]*\`--no-pull\``);
  assert.match((await read('README.md')).replaceAll(/\s+/g, ' '), sentence);
});
