import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { COMMAND_TABLE } from '../../src/cli/commands.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import type { CommandName } from '../../src/config/commands.ts';
import { COMMANDS } from '../../src/config/commands.ts';
import {
  OPTION_NAMES,
  type OptionName,
  type Settings,
  flagOf,
  isFileKey,
  optionOf,
  optionsOf,
  variablesOf,
} from '../../src/config/options.ts';
import { CONFIG_FILE, resolveSettings } from '../../src/config/resolve.ts';
import { valueOfText } from '../../src/config/value.ts';

// CONTRACTS E12: every setting arrives, from every source that it has, at every command that takes it.

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-options-'))));
after(() => rm(cwd, { recursive: true }));

const read = (text: string, name: OptionName): unknown => {
  const checked = valueOfText(optionOf(name), text);
  assert.ok(checked.ok, `${name}: the example is not valid`);
  return checked.value;
};

/** Two valid values: the example, and another one that must win over it. */
function twoValues(name: OptionName): [string, string] {
  const { example, kind, choices, default: usual } = optionOf(name);
  if (kind === 'boolean') return [example, String(usual)];
  if (choices) return [example, choices.find((each) => each !== example) as string];
  if (kind === 'number') return [example, String(Number(example) + 1)];
  if (name === 'workers') return [example, 'http://other'];
  if (name === 'language') return [example, 'de'];
  return [example, `${example}x`];
}

/** Arguments that a command does not go without. */
const NEEDED: Partial<Record<CommandName, string[]>> = {
  ...{ transcribe: ['x'], enrich: ['x'], convert: ['x'], models: ['list'] },
  ...{ submit: ['x'], watch: ['x'], jobs: ['list'], keys: ['list'] },
};

/** Variables without which a setting is refused. */
const COMPANIONS: Partial<Record<OptionName, Record<string, string>>> = {
  oidcIssuer: { EARSHOT_OIDC_AUDIENCE: 'us' },
  oidcAudience: { EARSHOT_OIDC_ISSUER: 'https://issuer.example' },
};

function settingsFrom(
  command: CommandName,
  argv: readonly string[],
  env: Record<string, string>,
): Promise<Settings> {
  const needed = NEEDED[command] ?? [];
  const parsed = parseCommandLine([command, ...argv, ...needed], COMMAND_TABLE, '0');
  assert.ok('command' in parsed);
  return resolveSettings({ command, flags: parsed.flags, env, cwd });
}

function asFlags(name: OptionName, text: string): string[] {
  const flag = flagOf(name) as string;
  if (optionOf(name).kind !== 'boolean') return [flag, text];
  return [text === 'true' ? flag : flag.replace('--', '--no-')];
}

async function withFile<T>(content: unknown, run: () => Promise<T>): Promise<T> {
  await writeFile(join(cwd, CONFIG_FILE), JSON.stringify(content));
  return run().finally(() => rm(join(cwd, CONFIG_FILE)));
}

for (const command of COMMANDS) {
  describe(command, () => {
    for (const name of optionsOf(command).filter((each) => each !== 'config')) {
      const [example, other] = twoValues(name);

      test(`${name} arrives from every source, the stronger one winning`, async () => {
        const expected = read(example, name);
        assert.notDeepEqual(expected, optionOf(name).default, 'the example must differ from the default');
        const usual = await settingsFrom(command, [], {});
        assert.deepEqual(usual[name], optionOf(name).default);

        const companions = COMPANIONS[name] ?? {};
        if (flagOf(name) !== null) {
          const flagged = await settingsFrom(command, asFlags(name, example), companions);
          assert.deepEqual(flagged[name], expected);
        }
        for (const variable of variablesOf(name)) {
          const set = await settingsFrom(command, [], { ...companions, [variable]: example });
          assert.deepEqual(set[name], expected, variable);
          if (flagOf(name) === null) continue;
          const both = await settingsFrom(command, asFlags(name, example), {
            ...companions,
            [variable]: other,
          });
          assert.deepEqual(both[name], expected, `the flag wins over ${variable}`);
        }
        if (!isFileKey(name)) return;
        await withFile({ [name]: expected }, async () => {
          assert.deepEqual((await settingsFrom(command, [], companions))[name], expected);
          const variable = variablesOf(name)[0] as string;
          const both = await settingsFrom(command, [], { ...companions, [variable]: other });
          assert.deepEqual(both[name], read(other, name), `${variable} wins over the file`);
        });
      });
    }

    test('the configuration file itself arrives by flag and variable', async () => {
      await writeFile(join(cwd, 'other.json'), JSON.stringify({ quiet: true }));
      assert.equal((await settingsFrom(command, ['--config', 'other.json'], {})).quiet, true);
      assert.equal((await settingsFrom(command, [], { EARSHOT_CONFIG: 'other.json' })).quiet, true);
    });
  });
}

test('every setting belongs to a command, and no two share a flag or a variable', () => {
  for (const name of OPTION_NAMES) assert.ok(optionOf(name).commands.length > 0, name);
  const flags = OPTION_NAMES.map(flagOf).filter((flag) => flag !== null);
  assert.equal(new Set(flags).size, flags.length);
  const variables = OPTION_NAMES.flatMap(variablesOf);
  assert.equal(new Set(variables).size, variables.length);
});
