import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock } from '../util/lock.ts';
import type { Database, Queryable } from './database.ts';

/** A tenth of what PostgreSQL takes by itself: the tables of a queue are small, and the memory is the server's own. */
const BUFFERS = '16MB';

/**
 * PostgreSQL inside this process, its files under `folder`. One process at a time: rejects with `locked` when another
 * one has the folder open. It writes without fsync (PGlite's file system has none): what is committed survives the death of
 * the process, not surely that of the machine.
 */
export async function openPglite(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await acquireLock(`${folder}.lock`, `the database in ${folder}`);
  const { PGlite } = await import('@electric-sql/pglite');
  const startParams = [...PGlite.defaultStartParams, '-c', `shared_buffers=${BUFFERS}`];
  const pg = await PGlite.create(join(folder, 'pg'), { startParams }).catch(async (error: unknown) => {
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
