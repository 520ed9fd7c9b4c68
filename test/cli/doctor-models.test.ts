import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { catalogue } from '../../src/models/index.ts';
import { earshot, jsonLines } from './run-cli.ts';

let cwd: string;
before(async () => (cwd = await mkdtemp(join(tmpdir(), 'earshot-doctor-'))));
after(() => rm(cwd, { recursive: true }));

test('doctor finds everything that is needed here, and says what is missing where nothing is', async () => {
  const here = await earshot(['doctor', '--json'], { cwd });
  assert.equal(here.code, 0, here.stdout);
  const rows = jsonLines(here.stdout);
  for (const name of ['node', 'ffmpeg', 'ffprobe', 'recognition', 'disk space'])
    assert.equal(rows.find((row) => row['name'] === name)?.['state'], 'ok', name);

  const bare = await earshot(['doctor'], { cwd, env: { PATH: cwd } });
  assert.equal(bare.code, 3);
  assert.match(bare.stdout, /^missing +ffmpeg +not installed +apt-get install ffmpeg$/m);
});

test('models are listed with size and licence; what is not here can be neither verified nor removed', async () => {
  const { code, stdout } = await earshot(['models', 'list', '--json'], { cwd });
  assert.equal(code, 0);
  assert.deepEqual(
    jsonLines(stdout).map((row) => row['name']),
    catalogue.map(({ name }) => name),
  );
  const name = catalogue[0]?.name as string;
  assert.equal((await earshot(['models', 'verify', name], { cwd })).code, 3);
  assert.match((await earshot(['models', 'remove', name], { cwd })).stdout, /was not on this machine/);
  const wrong = await earshot(['models', 'pull', `${name}x`], { cwd });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, new RegExp(`did you mean ${name}`));
});
