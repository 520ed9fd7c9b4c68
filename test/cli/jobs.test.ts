import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { EarshotClient, EarshotError } from '../../src/client/index.ts';
import { authenticator } from '../../src/server/auth/authenticator.ts';
import { running, transcript } from '../server/fixture.ts';
import { scratchFolder } from '../support/scratch.ts';
import { earshot, jsonLines, type Ran } from './run-cli.ts';

const KEY = 'a-key-of-this-test-alone';
const cwd = scratchFolder();

test('jobs: list, show, result, cancel, retry', async (t) => {
  let isBroken = true;
  const server = await running(t, {
    auth: { apiKey: KEY },
    transcribe: async ({ name }, signal) => {
      if (name.startsWith('slow'))
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      if (name.startsWith('bad') && isBroken) throw new EarshotError('recording_unreadable', 'no sound');
      return transcript();
    },
  });
  const client = new EarshotClient({ url: server.url, apiKey: KEY });
  const env = { EARSHOT_SERVER: server.url, EARSHOT_API_KEY: KEY };
  const cli = (...args: string[]): Promise<Ran> => earshot(['jobs', ...args], { cwd, env });
  const create = async (name: string): Promise<string> =>
    (await client.jobs.create(new Blob([`RIFF ${name}`]), { name })).job_id;
  const good = await create('good.wav');
  await client.jobs.wait(good);
  const bad = await create('bad.wav');
  await client.jobs.wait(bad);
  const slow = await create('slow.wav');

  await t.test(
    'list shows a table, or with --json what the server says, by status and up to a limit',
    async () => {
      const table = (await cli('list')).stdout.trimEnd().split('\n');
      assert.match(table[0] ?? '', /^id +status +done +created +name$/);
      assert.deepEqual(
        table.slice(1).map((line) => line.slice(0, 36)),
        [slow, bad, good],
      );
      const failed = jsonLines((await cli('list', '--json', '--status', 'failed')).stdout);
      assert.deepEqual(failed, [JSON.parse(JSON.stringify(await client.jobs.get(bad)))]);
      assert.equal(jsonLines((await cli('list', '--json', '--limit', '2')).stdout).length, 2);
      const wrong = await cli('list', '--status', 'fialed');
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /did you mean "failed"/);
    },
  );

  await t.test('show tells all, for each id that there is', async () => {
    const none = '00000000-0000-4000-8000-000000000000';
    const { code, stdout, stderr } = await cli('show', good, none);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`job_id +${good}\n`));
    assert.match(stdout, /status +completed\n/);
    assert.match(stderr, new RegExp(`${none}: there is no such job`));
  });

  await t.test(
    'result goes to stdout in one format, to files in several, and never over another file',
    async () => {
      const { code, stdout } = await cli('result', good, '--to', 'srt');
      assert.equal(code, 0);
      assert.equal(stdout, await client.jobs.result(good, 'srt'));
      const files = await cli('result', good, '--to', 'json,txt', '--out', 'results');
      assert.equal(files.code, 0, files.stderr);
      assert.deepEqual(
        JSON.parse(await readFile(join(cwd, 'results/good.json'), 'utf8')),
        await client.jobs.result(good),
      );
      const again = await cli('result', good, '--to', 'json,txt', '--out', 'results', '--json');
      assert.equal(again.code, 1);
      assert.match(again.stdout, /"code":"output_exists"/);
      assert.equal((await cli('result', bad)).code, 1);
    },
  );

  await t.test('logs tells what happened, stage by stage', async () => {
    const { code, stdout } = await cli('logs', bad);
    assert.equal(code, 0);
    assert.match(stdout, /^began +stage +state +tries +seconds +error\n.* prepare +failed +1 .*no sound$/m);
    assert.match((await cli('logs', slow)).stdout, / prepare +running +1 +-$/m);
    const both = (await cli('logs', bad, good)).stdout;
    assert.match(both, new RegExp(`^${bad}\nbegan .*\n[^]*no sound\n\n${good}\nbegan `));
    assert.deepEqual(jsonLines((await cli('logs', bad, '--json')).stdout), [
      JSON.parse(JSON.stringify(await client.jobs.log(bad))),
    ]);
  });

  await t.test('cancel stops what runs and leaves results alone; retry runs it again', async () => {
    const { code, stdout } = await cli('cancel', slow, good, '--json');
    assert.equal(code, 0);
    assert.deepEqual(
      jsonLines(stdout).map(({ status }) => status),
      ['cancelled', 'completed'],
    );
    assert.equal((await client.jobs.get(slow)).status, 'cancelled');
    isBroken = false;
    assert.equal((await cli('retry', bad)).code, 0);
    assert.equal((await client.jobs.wait(bad)).status, 'completed');
    const refused = await cli('retry', good);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /completed/);
  });

  await t.test('what is about the key, the server or the command line ends it with 2 or 3', async () => {
    const other = await earshot(['jobs', 'list'], { cwd, env: { EARSHOT_SERVER: server.url } });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /EARSHOT_API_KEY/);
    const away = await earshot(['jobs', 'show', good, '--server', 'http://127.0.0.1:65111'], { cwd });
    assert.equal(away.code, 3);
    assert.match(away.stderr, /ECONNREFUSED\n {2}hint: start one with/);
    assert.equal((await cli('shwo', good)).code, 2);
    assert.match((await cli('shwo', good)).stderr, /did you mean show\?/);
    assert.equal((await cli('show')).code, 2);
    const empty = await cli('cancel', good, '');
    assert.deepEqual([empty.code, empty.stdout], [2, '']);
    const up = await cli('cancel', '..', '--json');
    assert.equal(up.code, 1);
    assert.match(up.stdout, /"code":"not_found","message":"there is no such job"/);
  });
});

test('keys: what create prints is let in until it is revoked, and stands nowhere', async () => {
  const cli = (...args: string[]): Promise<Ran> =>
    earshot(['keys', ...args, '--file', 'keys/keys.json'], { cwd });
  const path = join(cwd, 'keys/keys.json');
  const made = await cli('create', '--id', 'ci', '--owner', 'news', '--scopes', 'submit');
  assert.equal(made.code, 0, made.stderr);
  const key = made.stdout.trim();
  assert.ok(!(await readFile(path, 'utf8')).includes(key));
  const second = jsonLines((await cli('create', '--id', 'ops', '--json')).stdout)[0];
  assert.deepEqual([second?.['owner'], second?.['scopes']], ['ops', ['submit', 'read']]);

  const auth = await authenticator({ apiKey: null, keysFile: path, oidc: null, onError: assert.fail });
  const caller = await auth.authenticate({ authorization: `Bearer ${key}` }, '127.0.0.1');
  assert.deepEqual([caller.id, caller.owner, [...caller.scopes]], ['ci', 'news', ['submit']]);

  const before = await readFile(path, 'utf8');
  for (const wrong of [
    ['create', '--id', 'ci'],
    ['create', '--id', '../x'],
    ['create'],
    ['revoke', 'nobody', 'ci'],
    ['revoke'],
  ])
    assert.equal((await cli(...wrong)).code, 2, wrong.join(' '));
  assert.equal(await readFile(path, 'utf8'), before);
  assert.match((await cli('list')).stdout, /^ci +news +submit +never$/m);
  assert.ok(!(await cli('list', '--json')).stdout.includes('sha256'));

  assert.equal((await cli('revoke', 'ci')).code, 0);
  const now = await authenticator({ apiKey: null, keysFile: path, oidc: null, onError: assert.fail });
  await assert.rejects(async () => now.authenticate({ authorization: `Bearer ${key}` }, '127.0.0.1'), {
    code: 'unauthorized',
  });
  await writeFile(path, '{"keys": [');
  assert.equal((await cli('create', '--id', 'new')).code, 2);
  assert.equal(await readFile(path, 'utf8'), '{"keys": [', 'a file with mistakes is left as it is');
});

test('jobs list tells the place of those that wait', async (t) => {
  const { url } = await running(t, { worker: false });
  const client = new EarshotClient({ url });
  for (const name of ['first.wav', 'second.wav'])
    await client.jobs.create(new Blob([`RIFF ${name}`]), { name });
  const { stdout } = await earshot(['jobs', 'list'], { cwd, env: { EARSHOT_SERVER: url } });
  assert.match(stdout, / queued +place 2 .* second\.wav\n.* queued +place 1 .* first\.wav\n$/);
});
