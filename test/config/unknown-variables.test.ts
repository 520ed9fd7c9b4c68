import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPTION_NAMES, variablesOf } from '../../src/config/options.ts';
import { OTHER_VARIABLES, unknownVariables } from '../../src/config/unknown-variables.ts';

const SRC = join(import.meta.dirname, '../../src');

test('a variable that nothing reads is told with the name it may have meant, never with its value', () => {
  const env = { EARSHOT_DIARISATION: 'off', EARSHOT_APIKEY: 's3cret', EARSHOT_XYZZY_9: 'x', PATH: '/bin' };
  assert.deepEqual(unknownVariables(env, []), [
    'EARSHOT_DIARISATION: unknown setting; did you mean EARSHOT_DIARIZATION?',
    'EARSHOT_APIKEY: unknown setting; did you mean EARSHOT_API_KEY?',
    'EARSHOT_XYZZY_9: unknown setting',
  ]);
});

test('what is empty, what an address of a worker names, and what Kubernetes says of a service is not told', () => {
  const env = {
    EARSHOT_NOTHING: ' ',
    EARSHOT_GPU_KEY: 'x',
    EARSHOT_SERVICE_HOST: '10.0.0.1',
    EARSHOT_SERVICE_PORT_HTTP: '8001',
    EARSHOT_DB_PORT: 'tcp://10.0.0.2:5432',
    EARSHOT_DB_PORT_5432_TCP_ADDR: '10.0.0.2',
  };
  const workers = 'http://gpu:8001#auth=bearer:EARSHOT_GPU_KEY';
  assert.deepEqual(unknownVariables(env, [workers]), []);
  assert.deepEqual(unknownVariables({ ...env, WORKER_URLS: workers }, []), []);
});

test('every variable of ours that the sources name is known, and no other', async () => {
  const known = OPTION_NAMES.flatMap(variablesOf);
  assert.deepEqual(unknownVariables(Object.fromEntries(known.map((name) => [name, 'x'])), []), []);
  const files = (await readdir(SRC, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const sources = await Promise.all(files.map((name) => readFile(join(SRC, name), 'utf8')));
  const named = new Set(
    sources.flatMap((text) => [...text.matchAll(/EARSHOT_[A-Z_]*[A-Z]\b/g)].map(([name]) => name)),
  );
  const read = [...named].filter((name) => !known.includes(name) && name !== 'EARSHOT_SERVICE_HOST');
  assert.deepEqual(read.sort(), Object.keys(OTHER_VARIABLES).sort());
});
