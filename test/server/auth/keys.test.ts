import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { EarshotError } from '../../../src/errors.ts';
import { hashKey, isMadeHere } from '../../../src/server/auth/api-key.ts';
import { openKeys } from '../../../src/server/auth/keys.ts';
import { createKey, parseKeysFile } from '../../../src/server/auth/keys-file.ts';
import { handClock } from './clock.ts';
import { errorOf } from './expect.ts';

const make = (id: string, owner = 'team') => createKey({ id, owner, scopes: ['submit', 'read'] });

async function keysFile(t: TestContext, rows: readonly unknown[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'earshot-keys-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'keys.json');
  await write(path, JSON.stringify({ keys: rows }));
  return path;
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

describe('keys', () => {
  test('a key that was made is found with its limits, and only its hash is in the row', async (t) => {
    const { key, row } = createKey({
      id: 'ann-1',
      owner: 'team',
      scopes: ['submit'],
      ratePerMinute: 30,
      maxQueuedJobs: 5,
      maxStoredBytes: 1e9,
    });
    assert.ok(isMadeHere(key));
    assert.ok(!JSON.stringify(row).includes(key.slice(3)));
    const keys = await openKeys({ apiKey: null, keysFile: await keysFile(t, [row]) });
    assert.deepEqual(await keys.find(key), {
      id: 'ann-1',
      owner: 'team',
      scopes: new Set(['submit']),
      ratePerMinute: 30,
      quota: { maxQueuedJobs: 5, maxStoredBytes: 1e9 },
    });
    for (const wrong of ['', key.slice(0, -1), `${key}x`, key.toUpperCase(), row.sha256])
      assert.equal(await keys.find(wrong), null, wrong);
  });

  test('two keys of one owner and the single key work side by side', async (t) => {
    const [old, next] = [make('ann-1'), make('ann-2')];
    const keys = await openKeys({ apiKey: 'single', keysFile: await keysFile(t, [old.row, next.row]) });
    assert.equal((await keys.find(old.key))?.owner, 'team');
    assert.equal((await keys.find(next.key))?.owner, 'team');
    assert.deepEqual([...((await keys.find('single'))?.scopes ?? [])], ['submit', 'read', 'admin', 'train']);
  });

  test('a key ends when it expires', async (t) => {
    const clock = handClock();
    const expiresAt = new Date(clock.now() + 10_000);
    const { key, row } = createKey({ id: 'a', owner: 'a', scopes: ['read'], expiresAt });
    const keys = await openKeys({ apiKey: null, keysFile: await keysFile(t, [row]), clock });
    clock.forward(9.999);
    assert.equal((await keys.find(key))?.id, 'a');
    clock.forward(0.001);
    assert.equal(await keys.find(key), null);
  });

  test('a changed file is taken within a second; a broken one keeps the old keys and is told once', async (t) => {
    const clock = handClock();
    const [old, next] = [make('old'), make('new')];
    const path = await keysFile(t, [old.row]);
    const told: EarshotError[] = [];
    const keys = await openKeys({
      apiKey: null,
      keysFile: path,
      clock,
      onError: (error) => told.push(error),
    });
    await write(path, JSON.stringify({ keys: [next.row] }));
    assert.equal((await keys.find(old.key))?.id, 'old', 'not looked at twice within a second');
    clock.forward(1);
    const [first, second] = await Promise.all([keys.find(next.key), keys.find(old.key)]);
    assert.equal(first?.id, 'new');
    assert.equal(second, null);

    for (const broken of ['{"keys": [', '{"keys": [{"id": 1}]}', '']) {
      told.length = 0;
      await write(path, broken);
      for (let i = 0; i < 3; i++) {
        clock.forward(1);
        assert.equal((await keys.find(next.key))?.id, 'new');
      }
      assert.deepEqual(
        told.map(({ code }) => code),
        ['config_invalid'],
      );
    }
    told.length = 0;
    await rm(path);
    clock.forward(1);
    assert.equal((await keys.find(next.key))?.id, 'new');
    assert.match(told[0]?.message ?? '', /ENOENT/);
    await write(path, '{"keys": []}');
    clock.forward(1);
    assert.equal(await keys.find(next.key), null, 'all keys can be taken away');
  });

  test('a server does not start with keys that it cannot read', async (t) => {
    const path = await keysFile(t, ['nonsense']);
    assert.equal((await errorOf(() => openKeys({ apiKey: null, keysFile: path }))).code, 'config_invalid');
    const missing = await errorOf(() => openKeys({ apiKey: null, keysFile: `${path}.no` }));
    assert.match(missing.message, /ENOENT/);
    for (const apiKey of ['', 'two words', 'schlüssel', 'line\nbreak'])
      assert.equal((await errorOf(() => openKeys({ apiKey, keysFile: null }))).code, 'config_invalid');
  });

  test('the time to refuse a key does not tell how much of it is right', async () => {
    // Not measured, which would be noise here: the comparison is of digests, so two keys that differ in one character
    // are as far apart as any two.
    const key = `ek_${randomBytes(32).toString('base64url')}`;
    const near = hashKey(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`);
    const bits = [...hashKey(key)].reduce(
      (sum, byte, i) => sum + (byte ^ (near[i] as number)).toString(2).replaceAll('0', '').length,
      0,
    );
    assert.ok(bits > 60, `${bits} of 256 bits differ`);
  });
});

describe('the keys file', () => {
  const hash = 'a'.repeat(64);
  const message = async (file: unknown): Promise<string> =>
    (await errorOf(() => parseKeysFile(typeof file === 'string' ? file : JSON.stringify(file), 'k.json')))
      .message;

  test('tells all mistakes together, each with its place', async () => {
    const text = await message({
      keys: [
        { id: 'a', owner: 'o', sha256: hash, scopes: ['read'] },
        { id: 'a', owner: 'o:1', sha256: hash.toUpperCase(), scopes: ['raed'], rate_per_minute: 0, extra: 1 },
        { id: 'api-key', owner: 'o', sha256: 'short', scopes: [], expires_at: 'tomorrow' },
      ],
      kees: [],
    });
    for (const place of ['keys[1].owner', 'keys[1].scopes[0]', 'keys[1].rate_per_minute', 'keys[2].sha256'])
      assert.ok(text.includes(place), `${place} in ${text}`);
    for (const place of [
      'keys[1].id',
      'keys[1].sha256',
      'keys[2].id',
      'keys[2].scopes',
      'keys[2].expires_at',
    ])
      assert.ok(text.includes(place), `${place} in ${text}`);
    assert.match(text, /extra/);
    assert.match(text, /kees/);
  });

  test('never repeats a key that was pasted into it', async () => {
    const { key } = make('a');
    assert.ok(
      !(await message({ keys: [{ id: key, owner: key, sha256: key, scopes: [key] }] })).includes(
        key.slice(3),
      ),
    );
    assert.ok(!(await message(`{"keys": [${key}]}`)).includes(key.slice(3)));
    assert.ok(!(await message(key)).includes(key.slice(3)));
  });

  test('is not led astray by names of JavaScript', async () => {
    for (const file of ['[]', 'null', '1', '"x"', '{}', '{"keys": {}}', '{"keys": [null]}', '{"keys": [[]]}'])
      await message(file);
    const row = `"id": "a", "owner": "o", "sha256": "${hash}"`;
    assert.match(await message(`{"keys": [{${row}, "__proto__": {"scopes": ["admin"]}}]}`), /scopes/);
    assert.match(await message(`{"keys": [{${row}, "scopes": ["constructor"]}]}`), /scopes\[0\]/);
    assert.equal(({} as Record<string, unknown>)['scopes'], undefined);
    const [known] = parseKeysFile(
      `\uFEFF{"keys": [{"id": "constructor", "owner": "toString", "sha256": "${hash}", "scopes": ["read"]}]}`,
      'k.json',
    );
    assert.equal(known?.caller.id, 'constructor');
  });
});
