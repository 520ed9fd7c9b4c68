import { AsyncLocalStorage } from 'node:async_hooks';
import { statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EarshotError } from '../errors.ts';
import { acquireLock } from '../util/lock.ts';
import { closedError, type Database, type Queryable } from './database.ts';
import { openFiles } from './pglite-files.ts';
import { EngineFailure, statementsOf } from './pglite-statements.ts';
import { upkeepOf } from './upkeep.ts';

const SETTINGS = {
  /** A tenth of what PostgreSQL takes by itself: the tables of a queue are small, and the memory is the server's own. */
  shared_buffers: '16MB',
  /** What a checkpoint keeps of the log for use again. */
  max_wal_size: '64MB',
  // Every statement wants a few rows, and an index leads to them. A planner that takes a table for empty, as each is at
  // first, or finds its rows in the order of an index would read it whole instead; what it has planned it keeps until the
  // rows are counted (see upkeep.ts), which needs no large sample.
  default_statistics_target: '10',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_mergejoin: 'off',
  enable_hashjoin: 'off',
};
/**
 * Bytes that must be free before the database is written to, and before something is deleted from it. The engine grows
 * its log by files of 16 MiB, and where one cannot be made it never returns: it must not come to that.
 */
const RESERVE = 64 * 2 ** 20;
const RESERVE_TO_DELETE = 32 * 2 ** 20;
/**
 * PostgreSQL inside this process, its files under `folder`; what has been committed is on the disk. One process at a
 * time: rejects with `locked` when another one has the folder open. Calls reject with `disk_full` before the disk is, and
 * with `database_unavailable` for ever once the engine has broken down: what was answered before is safe, the next
 * process repairs the rest.
 */
export async function openPglite(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  assertRoom(folder, RESERVE);
  const lock = await acquireLock(`${folder}.lock`, `the database in ${folder}`);
  const { Mutex } = await import('@electric-sql/pglite');
  const pg = await openFiles(join(folder, 'pg'), SETTINGS).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  const scope = new AsyncLocalStorage<{ isOpen: boolean }>();
  let broken: EarshotError | null = null;
  const lost = new AbortController();
  /** The engine is one connection: a statement between those of somebody else's transaction would be part of it. */
  const connection = new Mutex();
  const statements = await statementsOf(pg);
  const upkeep = upkeepOf({ query: (sql) => statements.query(sql, []), exec: (sql) => pg.exec(sql) });

  /** Runs a call of the engine; `bytes` must be free on the disk. */
  async function guarded<T>(bytes: number, call: () => Promise<T>): Promise<T> {
    if (broken) throw broken;
    if (bytes > 0) assertRoom(folder, bytes);
    try {
      return await call();
    } catch (error) {
      broken ??= brokenEngine(error);
      if (broken) lost.abort(broken);
      throw broken ?? typed(error);
    }
  }

  /** The same for a call that is not within a transaction: there it would wait for itself. */
  async function alone<T>(bytes: number, call: () => Promise<T>): Promise<T> {
    if (scope.getStore()?.isOpen)
      throw new EarshotError('internal', 'a statement was sent past the transaction that it belongs to');
    const value = await connection.runExclusive(() => guarded(bytes, call));
    if (bytes > 0) void connection.runExclusive(() => guarded(RESERVE, upkeep)).catch(() => undefined); // the next time will do
    return value;
  }

  async function transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const open = { isOpen: true };
    const one = new Mutex();
    const query = <Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> =>
      one.runExclusive(() => {
        if (!open.isOpen) throw new EarshotError('internal', 'a statement came after its transaction');
        return guarded(0, () => statements.query<Row>(sql, params));
      });
    const tx: Queryable = { query };
    await statements.control('BEGIN');
    try {
      const value = await scope.run(open, () => work(tx));
      if ((await statements.control('COMMIT')) !== 'COMMIT')
        throw new EarshotError('internal', 'a statement of a transaction failed, and nobody minded');
      return value;
    } catch (error) {
      await statements.control('ROLLBACK').catch(() => undefined); // of none, after a COMMIT that became one: a warning
      throw error;
    } finally {
      open.isOpen = false;
    }
  }

  return {
    kind: 'pglite',
    lost: lost.signal,
    query: (sql, params = []) => alone(neededFor(sql), () => statements.query(sql, params)),
    exec: (sql) =>
      alone(RESERVE, async () => {
        try {
          return (await pg.exec(sql)).flatMap(({ rows }) => rows as Record<string, unknown>[]);
        } catch (error) {
          // A transaction that failed among the statements would stay open, and this is the only connection.
          await pg.exec('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    transaction: (work) => alone(RESERVE, () => transaction(work)),
    close: () =>
      connection.runExclusive(async () => {
        const wasBroken = broken !== null;
        broken ??= closedError();
        if (!wasBroken) await pg.close();
        await lock.release();
      }),
  };
}

/** Who reads needs no room, and who deletes makes some. */
function neededFor(sql: string): number {
  const verb = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase();
  return verb === 'SELECT' ? 0 : verb === 'DELETE' ? RESERVE_TO_DELETE : RESERVE;
}

function assertRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < bytes)
    throw new EarshotError(
      'disk_full',
      `the disk of ${folder} has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB free, the database needs ${bytes / 2 ** 20}`,
      { hint: 'free some space: nothing that was accepted is lost' },
    );
}

/** What the engine's statements fail with, as ours: SQLSTATE 53100 is a full disk. */
function typed(error: unknown): unknown {
  if ((error as { code?: string }).code !== '53100') return error;
  return new EarshotError('disk_full', 'the disk of the database is full', { cause: error });
}

const FATAL: ReadonlySet<string | undefined> = new Set(['FATAL', 'PANIC']);

/** The engine itself has failed, not a statement: null when it has not. */
function brokenEngine(error: unknown): EarshotError | null {
  if (!(error instanceof Error)) return null;
  const { severity } = error as { severity?: string };
  if (!(error instanceof EngineFailure) && error.name !== 'RuntimeError' && !FATAL.has(severity)) return null;
  return new EarshotError('database_unavailable', `the embedded database broke down: ${error.message}`, {
    hint: 'start Earshot again: what was accepted is kept',
    cause: error,
  });
}
