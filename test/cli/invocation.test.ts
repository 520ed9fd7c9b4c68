import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { asTyped, invocationOf, wordsAnywhere } from '../../src/cli/invocation.ts';
import { run } from '../../src/util/process.ts';
import { SAMPLES } from './run-cli.ts';

const words = (script: string, env: Record<string, string> = {}, cwd = '/home/user'): string =>
  invocationOf(script, env, cwd).words;

test('hints are written as the program was called', () => {
  assert.equal(words('/usr/local/bin/earshot'), 'earshot');
  assert.equal(words('/app/node_modules/.bin/earshot', { npm_command: 'exec' }), 'npx earshot');
  assert.equal(words('/home/user/src/cli/main.ts'), 'node src/cli/main.ts');
  assert.equal(words('/home/user/my tools/main.ts'), 'node "my tools/main.ts"');
  assert.equal(words('/home/user/src/cli/main.ts', { npm_command: 'exec' }), 'npx node src/cli/main.ts');
});

test('by the npm script the user is where npm was called, not where npm went', () => {
  const env = {
    npm_lifecycle_event: 'earshot',
    npm_package_name: 'earshot',
    npm_package_json: '/home/user/package.json',
  };
  const from = (folder: string) =>
    invocationOf('/home/user/src/cli/main.ts', { ...env, INIT_CWD: folder }, '/home/user');
  assert.deepEqual(from('/home/user/samples'), {
    words: 'npm run -s earshot --',
    cwd: '/home/user/samples',
  });
  assert.deepEqual(from('/data'), { words: 'npm --prefix /home/user run -s earshot --', cwd: '/data' });
  // A script of that name in another package begins where that package lies.
  const other = { ...env, npm_package_name: 'other', INIT_CWD: '/data' };
  assert.equal(invocationOf('/home/user/node_modules/.bin/earshot', other, '/home/user').cwd, '/home/user');
});

test('only command lines are rewritten, each once', () => {
  const npm = { words: 'npm run -s earshot --' };
  assert.equal(
    asTyped('pull it: earshot models pull x | earshot --help', npm),
    'pull it: npm run -s earshot -- models pull x | npm run -s earshot -- --help',
  );
  assert.equal(asTyped('Usage: earshot [options] [command]', npm), `Usage: ${npm.words} [options] [command]`);
  for (const text of [
    'earshot: talk.wav',
    'earshot has no model',
    '/opt/earshot models',
    'earshot demonstrates',
  ])
    assert.equal(asTyped(text, npm), text);
  assert.equal(asTyped(asTyped('earshot doctor', npm), npm), 'npm run -s earshot -- doctor');
  assert.equal(
    asTyped(asTyped('earshot doctor', { words: 'npx earshot' }), { words: 'npx earshot' }),
    'npx earshot doctor',
  );
});

test('what travels names no path, and becomes what can be typed where it is read', () => {
  const npm = 'npm run -s earshot --';
  for (const own of [
    npm,
    'npm --prefix /home/me run -s earshot --',
    'node src/cli/main.ts',
    'npx node main.ts',
  ])
    assert.equal(wordsAnywhere({ words: own }), npm);
  assert.equal(wordsAnywhere({ words: 'earshot' }), 'earshot');
  assert.equal(wordsAnywhere({ words: 'npx earshot' }), 'npx earshot');
  const far = { words: 'npm --prefix /home/me run -s earshot --' };
  assert.equal(asTyped(`(${npm} models pull x)`, far), `(${far.words} models pull x)`);
  assert.equal(asTyped(asTyped(`${npm} doctor`, far), far), `${far.words} doctor`);
});

test('the npm script takes paths from where the user is, and its hints can be typed', async () => {
  const npm = (...args: string[]) =>
    run('npm', ['--prefix', join(SAMPLES, '..'), 'run', '-s', 'earshot', '--', ...args]);
  const wrong = await npm('talk.wav');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /to transcribe it: npm (--prefix \S+ )?run -s earshot -- transcribe talk\.wav/);
  const missing = await npm('convert', 'nowhere.json');
  assert.ok(missing.stderr.includes(join(process.cwd(), 'nowhere.json')), missing.stderr);
});
