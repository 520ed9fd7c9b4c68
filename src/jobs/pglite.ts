import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock } from '../util/lock.ts';
import type { Database, Queryable } from './database.ts';

/**
 * PostgreSQL inside this process, its files under `folder`. One process at a time: rejects with `locked` when another
 * one has the folder open.
 */
export async function openPglite(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(`${folder}.lock`, `the database in ${folder}`);
  const { PGlite } = await import('@electric-sql/pglite');
  const pg = await PGlite.create(join(folder, 'pg')).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  const on = (connection: Pick<typeof pg, 'query'>): Queryable => ({
    query: async <Row>(sql: string, params: readonly unknown[] = []) =>
      (await connection.query<Row>(sql, [...params])).rows,
  });
  return {
    kind: 'pglite',
    ...on(pg),
    exec: async (sql) => (await pg.exec(sql)).flatMap(({ rows }) => rows as Record<string, unknown>[]),
    transaction: (work) => pg.transaction((tx) => work(on(tx))),
    close: async () => {
      await pg.close();
      await lock.release();
    },
  };
}
