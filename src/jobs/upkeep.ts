/** The part of the embedded engine that upkeep needs. */
interface Engine {
  exec(sql: string): Promise<unknown>;
  query<Row>(sql: string): Promise<Row[]>;
}

/** Writing calls between two looks at the tables and the log, and between two clearings of dead rows. */
const LOOK_CALLS = 50;
const CLEAR_CALLS = 5_000;
/** Bytes of log that are written again when a process starts after a kill, and lie on the disk until then, at most. */
const LOG_BYTES = 32 * 2 ** 20;

/**
 * What a PostgreSQL server's own processes do for its tables, and nobody does for an embedded one: the log is cut by a
 * checkpoint before it grows without end, dead rows are cleared away, and the planner learns how large the tables are.
 * Returns what is to be called after every writing call; it resolves when what was due is done.
 */
export function upkeepOf(pg: Engine): () => Promise<void> {
  let calls = 0;
  let cut = 0;
  return async () => {
    calls++;
    if (calls % LOOK_CALLS !== 0) return;
    const isClearing = calls % CLEAR_CALLS === 0;
    const command = isClearing ? 'VACUUM (ANALYZE)' : 'ANALYZE';
    for (const { name } of await pg.query<{ name: string }>(isClearing ? TABLES : GROWN))
      await pg.exec(`${command} ${name}`);
    const written = (await pg.query<{ bytes: number }>(LOG))[0]?.bytes ?? 0;
    if (!isClearing && written - cut < LOG_BYTES) return;
    await pg.exec('CHECKPOINT');
    cut = written;
  };
}

const TABLES = `
SELECT format('%I.%I', nspname, relname) AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname IN ('earshot', 'earshot_queue') AND relkind = 'r'`;

/** Those that are twice as large as when their rows were last counted, and more than a few pages of 8 KiB. */
const GROWN = `${TABLES} AND pg_relation_size(pg_class.oid) > 8192 * (2 * relpages::bigint + 8)`;

const LOG = `SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS bytes`;
