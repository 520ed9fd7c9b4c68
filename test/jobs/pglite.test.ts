import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
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
