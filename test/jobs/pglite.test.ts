import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setInterval } from 'node:timers/promises';
import { openPglite } from '../../src/jobs/pglite.ts';
import { scratchFolder } from '../support/scratch.ts';
import { PGLITE } from './backends.ts';

test('a queue statement that fails within its own transaction does not break the only connection', async (t) => {
  const db = await (await PGLITE.place()).open();
  t.after(() => db.close());
  await assert.rejects(db.exec('BEGIN; SELECT 1 / 0; COMMIT'), /division by zero/);
  assert.deepEqual(await db.query('SELECT 1 AS one'), [{ one: 1 }]);
});

test('a statement past its own transaction is refused, not waited for: it would wait for itself', async (t) => {
  const db = await (await PGLITE.place()).open();
  t.after(() => db.close());
  await assert.rejects(
    db.transaction(() => db.query('SELECT 1')),
    { code: 'internal' },
  );
  assert.deepEqual(await db.query('SELECT 1 AS one'), [{ one: 1 }]);
});

test('one folder is opened once at a time', async (t) => {
  const place = await PGLITE.place();
  const db = await place.open();
  t.after(() => db.close());
  await assert.rejects(place.open(), { code: 'locked' });
});

test('the log is cut while the database is open: it does not grow with what was written', async (t) => {
  const place = await PGLITE.place();
  const db = await place.open();
  t.after(() => db.close());
  const segments = async (): Promise<number> => (await readdir(join(place.where, 'pg', 'pg_wal'))).length;
  await db.exec('CREATE TABLE written (text text)');
  // 200 MB of log in 1,000 calls; a segment has 16 MiB.
  for (let i = 0; i < 1_000; i++)
    await db.query(
      `INSERT INTO written SELECT repeat(md5($1 || n::text), 64) FROM generate_series(1, 100) AS n`,
      [String(i)],
    );
  assert.ok((await segments()) <= 8, `${await segments()} segments`);
});

test('a statement that fails leaves nothing behind, and works when it is sent again', async (t) => {
  const db = await (await PGLITE.place()).open();
  t.after(() => db.close());
  await db.exec('CREATE TABLE number (value int UNIQUE)');
  const insert = 'INSERT INTO number (value) VALUES ($1) RETURNING value';
  assert.deepEqual(await db.query(insert, [1]), [{ value: 1 }]);
  await assert.rejects(db.query(insert, [1]), { code: '23505' });
  await assert.rejects(db.query('SELECT nothing FROM number'), { code: '42703' });
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.query(insert, [2]);
      await tx.query(insert, [1]);
    }),
    { code: '23505' },
  );
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.query(insert, [2]);
      await tx.query(insert, [1]).catch(() => undefined);
    }),
    { code: 'internal' },
  );
  assert.deepEqual(await db.query(insert, [2]), [{ value: 2 }]);
  assert.deepEqual(await db.query('SELECT value FROM number ORDER BY value'), [{ value: 1 }, { value: 2 }]);
});

test('values come back as they were given', async (t) => {
  const db = await (await PGLITE.place()).open();
  t.after(() => db.close());
  const sql = `SELECT $1::int AS int, $2::text AS text, $3::jsonb AS json, $4::uuid[] AS ids, $5::timestamptz AS at,
    $6::float8 AS float, $7::boolean AS yes`;
  const at = new Date('2026-01-02T03:04:05.678Z');
  const id = '00000000-0000-4000-8000-000000000000';
  for (const text of ["it's \\ \u{1F600} {1,2}", '', null])
    assert.deepEqual(await db.query(sql, [-1, text, { a: [text] }, [id], at, 0.1, true]), [
      { int: -1, text, json: { a: [text] }, ids: [id], at, float: 0.1, yes: true },
    ]);
  assert.deepEqual(await db.query(sql, Array<null>(7).fill(null)), [
    { int: null, text: null, json: null, ids: null, at: null, float: null, yes: null },
  ]);
});

test('a first start that is killed leaves nothing that keeps the next one from starting', async () => {
  const folder = join(scratchFolder(), 'database');
  const open = `import { openPglite } from ${JSON.stringify(new URL('../../src/jobs/pglite.ts', import.meta.url).href)};
    await openPglite(${JSON.stringify(folder)});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', open], { stdio: 'inherit' });
  const exit = once(child, 'exit');
  for await (const _ of setInterval(10)) if (existsSync(join(folder, 'pg.new', 'PG_VERSION'))) break;
  child.kill('SIGKILL');
  await exit;
  assert.equal(existsSync(join(folder, 'pg')), false);
  const db = await openPglite(folder);
  assert.deepEqual(await db.query('SELECT 1 AS one'), [{ one: 1 }]);
  await db.close();
});

test('what is committed is synced', async (t) => {
  const place = await PGLITE.place();
  const db = await place.open();
  t.after(() => db.close());
  const [settings] = await db.query(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
  );
  assert.deepEqual(settings, { fsync: 'on', commit: 'on' });
  await db.exec('CREATE TABLE kept (value int)');
  const synced: unknown[] = [];
  const { fdatasyncSync } = fs;
  t.mock.method(fs, 'fdatasyncSync', (file: number) => {
    synced.push(file);
    fdatasyncSync(file);
  });
  syncBuiltinESMExports();
  await db.query('INSERT INTO kept VALUES (1)');
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.equal(synced.length, 1);
});

test('statements of a transaction that are sent at once go one after the other, and none comes after its end', async (t) => {
  const db = await (await PGLITE.place()).open();
  t.after(() => db.close());
  const [tx, answers] = await db.transaction(async (own) => [
    own,
    await Promise.all([1, 2, 3].map((n) => own.query(`SELECT ${n} AS n, $1::int AS of`, [n]))),
  ]);
  assert.deepEqual(
    answers,
    [1, 2, 3].map((n) => [{ n, of: n }]),
  );
  await assert.rejects(tx.query('SELECT 1'), { code: 'internal' });
});

test('a sync that fails is no success: the engine has broken down, and says so at once', async (t) => {
  const place = await PGLITE.place();
  const db = await place.open();
  await db.exec('CREATE TABLE kept (value int)');
  await db.query('INSERT INTO kept VALUES (1)');
  t.mock.method(fs, 'fdatasyncSync', () => {
    throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', errno: -5 });
  });
  syncBuiltinESMExports();
  await assert.rejects(db.query('INSERT INTO kept VALUES (2)'), { code: 'database_unavailable' });
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.ok(db.lost.aborted);
  await assert.rejects(db.query('SELECT 1'), { code: 'database_unavailable' });
  await db.close();
  const again = await place.open();
  t.after(() => again.close());
  assert.deepEqual((await again.query('SELECT value FROM kept ORDER BY value'))[0], { value: 1 });
});
