import type { PGlite, messages } from '@electric-sql/pglite';

/** Statements that are kept prepared; beyond them each call is planned anew. There are about sixty. */
const MOST_KEPT = 500;
/** Those that come again and again. */
const REPEATED = /^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b/i;

/** The engine left an answer without its end: it has failed within, and what it says from now on means nothing. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
}

/** What the engine said of a statement when it was prepared. */
interface Prepared {
  readonly name: string;
  /** Type of each parameter. */
  readonly types: readonly number[];
  /** null: it answers no rows. */
  readonly row: messages.RowDescriptionMessage | null;
}

/**
 * The statements of an embedded database, prepared once and then bound and run in one call of the engine: PGlite's own
 * `query` parses, describes and runs each anew in six calls, which costs several times what the statement itself does.
 * It does not queue: whoever calls sees to it that one statement runs at a time. Rejects with pg-protocol's
 * DatabaseError, which has the SQLSTATE as `code`.
 */
export async function statementsOf(pg: PGlite) {
  const { messages, parse, protocol } = await import('@electric-sql/pglite');
  const { serialize } = protocol;
  const kept = new Map<string, Prepared>();
  let named = 0;

  /** An answer is whole when it has one of `ends`. */
  async function run(ends: readonly string[], ...parts: readonly Uint8Array[]) {
    const { messages: said } = await pg.execProtocol(Buffer.concat(parts), { syncToFs: false });
    if (!said.some(({ name }) => ends.includes(name)))
      throw new EngineFailure('an answer of the engine has no end');
    return said;
  }

  async function prepare(sql: string): Promise<Prepared> {
    const known = kept.get(sql);
    if (known) return known;
    const isKept = kept.size < MOST_KEPT && REPEATED.test(sql);
    const name = isKept ? `s${named++}` : '';
    const said = await run(
      ['rowDescription', 'noData'],
      serialize.parse({ name, text: sql }),
      serialize.describe({ type: 'S', name }),
      serialize.sync(),
    );
    const row = said.find((each) => each instanceof messages.RowDescriptionMessage) ?? null;
    const prepared = { name, types: parse.parseDescribeStatementResults(said), row };
    if (isKept) kept.set(sql, prepared);
    return prepared;
  }

  /** Text as the engine reads it, by the type of the parameter. */
  function textOf(value: unknown, type: number | undefined): string | null {
    if (value === null || value === undefined) return null;
    const write = type === undefined ? undefined : pg.serializers[type];
    return write ? (write(value) as string) : String(value as string);
  }

  return {
    /** Rows of one statement with `$1`-style parameters. */
    async query<Row>(sql: string, params: readonly unknown[]): Promise<Row[]> {
      const { name, types, row } = await prepare(sql);
      const values = params.map((value, i) => textOf(value, types[i]));
      const said = await run(
        ['commandComplete', 'emptyQuery'],
        serialize.bind({ statement: name, values }),
        serialize.execute({}),
        serialize.sync(),
      );
      const [results] = parse.parseResults(row === null ? said : [row, ...said], pg.parsers);
      return (results?.rows ?? []) as Row[];
    },

    /** BEGIN, COMMIT or ROLLBACK; what the engine has done of these. */
    async control(command: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<string> {
      const said = await run(['commandComplete'], serialize.query(command));
      return said.find((each) => each instanceof messages.CommandCompleteMessage)?.text ?? '';
    },
  };
}
