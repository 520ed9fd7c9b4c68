import { EarshotError } from '../errors.ts';

/** Rows of a statement; jsonb comes parsed, timestamptz as Date, bigint only ever cast to float8 or text. */
export interface Queryable {
  /** One statement with `$1`-style parameters. Rejects with `database_unavailable` when the server cannot be reached. */
  query<Row = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
}

/** PostgreSQL, embedded or a server: the same SQL runs in both. */
export interface Database extends Queryable {
  readonly kind: 'pglite' | 'postgres';
  /** Aborts, with the reason, when this database can work no more and the process should be started again. */
  readonly lost: AbortSignal;
  /** Several statements without parameters; the rows of all of them. */
  exec(sql: string): Promise<Record<string, unknown>[]>;
  /**
   * All of `work`'s statements or none. Rejects with whatever `work` rejects with. `work` may be run again when the
   * database ended it in favour of another, and must not use this database but through its `tx`.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What calls reject with once this process has closed its database: it is about to end. */
export const closedError = (): EarshotError => new EarshotError('draining', 'the server is shutting down');

/** The shape in which pg-boss takes a connection or a transaction of ours. */
export function forQueue(db: Queryable): {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
} {
  return { executeSql: async (text, values) => ({ rows: await db.query(text, values ?? []) }) };
}
