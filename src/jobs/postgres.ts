import { EarshotError } from '../errors.ts';
import { closedError, type Database, type Queryable } from './database.ts';

/** Connections that a server process keeps at most. */
const CONNECTIONS = 10;
/** Milliseconds after which a connection that cannot be made, or a statement that does not end, is given up. */
const CONNECT_MS = 3_000;
const STATEMENT_MS = 60_000;
/** Times that a transaction is run when the server ends it for the sake of another. */
const DEADLOCK_TRIES = 5;

/** A PostgreSQL server by its URL. Nothing is connected yet; a server that is away is told by each call, and may return. */
export async function openPostgres(url: string): Promise<Database> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + CONNECT_MS,
    keepAlive: true,
    application_name: 'earshot',
  });
  pool.on('error', () => undefined); // an idle connection broke: the pool drops it, the next call makes a new one
  const on = (connection: Pick<typeof pool, 'query'>): Queryable => ({
    query: async <Row>(sql: string, params: readonly unknown[] = []) => {
      try {
        const { rows } = await connection.query(sql, [...params]);
        return rows as Row[];
      } catch (error) {
        throw unavailable(error) ?? error;
      }
    },
  });
  return {
    kind: 'postgres',
    lost: new AbortController().signal, // a server comes back
    ...on(pool),
    exec: async (sql) => {
      const answer = (await pool.query(sql).catch((error: unknown) => {
        throw unavailable(error) ?? error;
      })) as unknown as { rows: Record<string, unknown>[] } | { rows: Record<string, unknown>[] }[];
      return [answer].flat().flatMap(({ rows }) => rows);
    },
    async transaction(work) {
      for (let tried = 1; ; tried++) {
        try {
          return await once(work);
        } catch (error) {
          if (tried === DEADLOCK_TRIES || !isConflict(error)) throw error;
        }
      }
    },
    close: () => pool.end(),
  };

  async function once<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch((error: unknown) => {
      throw unavailable(error) ?? error;
    });
    let broken: Error | undefined;
    const onBroken = (error: Error): void => void (broken = error);
    client.on('error', onBroken);
    try {
      const tx = on(client);
      await tx.query('BEGIN');
      const value = await work(tx);
      await tx.query('COMMIT');
      return value;
    } catch (error) {
      await client.query('ROLLBACK').catch((failed: Error) => (broken = failed));
      throw error;
    } finally {
      client.removeListener('error', onBroken);
      client.release(broken);
    }
  }
}

/** SQLSTATE of a deadlock and of a serialization failure: nothing was written, the same may be tried again. */
const isConflict = (error: unknown): boolean =>
  error instanceof Error && ['40P01', '40001'].includes((error as { code?: string }).code ?? '');

/**
 * SQLSTATE classes 08 (connection) and 57P (shutdown), too many connections, and what sockets say; 53100 is a full disk.
 */
function unavailable(error: unknown): EarshotError | null {
  if (!(error instanceof Error)) return null;
  const code = (error as { code?: string }).code ?? '';
  if (/after calling end on the pool/.test(error.message)) return closedError();
  if (code === '53100')
    return new EarshotError('disk_full', `the disk of the database server is full: ${error.message}`, {
      cause: error,
    });
  const isAway =
    /^(?:08|57P|53300)/.test(code) ||
    /^(?:ECONN|EPIPE|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|EAI_)/.test(code) ||
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable/.test(
      error.message,
    );
  return isAway
    ? new EarshotError('database_unavailable', `the database cannot be reached: ${error.message}`, {
        cause: error,
      })
    : null;
}
