import { join } from 'node:path';
import { PgBoss } from 'pg-boss';
import { forQueue, type Database } from '../src/jobs/database.ts';
import { Jobs } from '../src/jobs/jobs.ts';
import type { JobKind } from '../src/jobs/kinds.ts';
import { openPglite } from '../src/jobs/pglite.ts';
import { openPostgres } from '../src/jobs/postgres.ts';
import { NO_QUOTA } from '../src/jobs/quota.ts';
import type { NewJob } from '../src/jobs/submit.ts';
import { Worker, type StageRunner } from '../src/jobs/worker.ts';
import { timeUuid } from '../src/util/time-uuid.ts';
import type { Row } from './row.ts';

const CALLERS = 50;
const SLOTS = 16;
const JOBS = 1_000;
const PARTS = 8;

/** One stage, and a fan of PARTS parts between a first and a last stage. */
const KINDS: readonly JobKind[] = [
  { name: 'one', first: 'only', stages: ['only'], progress: () => progress },
  { name: 'fan', first: 'cut', stages: ['cut', 'part', 'join'], progress: () => progress },
];
const progress = { stage: 'work', done: 0, total: 1, percent: 0 };

/** Jobs without work in them: on the embedded database, and on the server that EARSHOT_DATABASE_URL names. */
export async function jobs(folder: string): Promise<Row[]> {
  const rows = await onDatabase('embedded', () => openPglite(join(folder, `jobs-${timeUuid()}`)));
  const url = process.env['EARSHOT_DATABASE_URL'];
  return url === undefined ? rows : [...rows, ...(await onDatabase('server', () => openPostgres(url)))];
}

async function onDatabase(name: string, open: () => Promise<Database>): Promise<Row[]> {
  const db = await open();
  await db.exec('DROP SCHEMA IF EXISTS earshot CASCADE; DROP SCHEMA IF EXISTS earshot_queue CASCADE');
  await db.exec('DROP SCHEMA IF EXISTS bare CASCADE');
  const board = await Jobs.open(db, KINDS, (error) => process.stderr.write(`${error.message}\n`));
  try {
    await drive(board, 'one', 100); // plans and code warm up
    await bare(db, 100);
    const single = await against(db, board, 'one', JOBS, 1);
    const fan = await against(db, board, 'fan', JOBS / (PARTS + 2), PARTS + 2);
    const empty = await asked(board);
    await fill(board, 1_000);
    const thousand = await asked(board);
    await fill(board, 99_000);
    await db.exec('ANALYZE');
    const full = await asked(board);
    return [
      {
        what: `${name}: submit p99 of ${CALLERS} callers, ms`,
        measured: empty.submit.p99.toFixed(1),
        wanted: '<= 25 (through HTTP)',
        seen: `${empty.submit.rate.toFixed(0)} submits a second`,
      },
      ratio(`${name}: jobs of one stage / bare pg-boss`, single),
      ratio(`${name}: stages of jobs that fan out / bare pg-boss`, fan),
      {
        what: `${name}: get and position p99, 1,000 jobs queued, ms`,
        measured: thousand.get.p99.toFixed(2),
        wanted: '<= 10 (through HTTP)',
        seen: `p50 ${thousand.get.p50.toFixed(2)}`,
      },
      slower(`${name}: submit, 100,000 jobs queued / none, p50`, full.submit.p50, empty.submit.p50),
      slower(`${name}: get and position, 100,000 jobs queued / none, p50`, full.get.p50, empty.get.p50),
    ];
  } finally {
    await board.close();
  }
}

const ratio = (what: string, { ours, theirs }: { ours: number; theirs: number }): Row => ({
  what,
  measured: (ours / theirs).toFixed(2),
  wanted: '>= 0.5',
  seen: `${ours.toFixed(0)} / ${theirs.toFixed(0)} a second`,
});
const slower = (what: string, full: number, empty: number): Row => ({
  what,
  measured: (full / empty).toFixed(2),
  wanted: '<= 1.5',
  seen: `${full.toFixed(2)} / ${empty.toFixed(2)} ms`,
});

/** Stages a second of ours and of pg-boss alone, in turns on one database; the median of three. */
async function against(
  db: Database,
  board: Jobs,
  kind: string,
  count: number,
  stages: number,
): Promise<{ ours: number; theirs: number }> {
  const rounds: { ours: number; theirs: number }[] = [];
  for (let i = 0; i < 3; i++)
    rounds.push({
      ours: (count * stages) / (await drive(board, kind, count)),
      theirs: (count * stages) / (await bare(db, count * stages)),
    });
  rounds.sort((a, b) => a.ours / a.theirs - b.ours / b.theirs);
  return rounds[1] as { ours: number; theirs: number };
}

/** Seconds in which `count` jobs are submitted by CALLERS callers and done. */
async function drive(board: Jobs, kind: string, count: number): Promise<number> {
  const left = new Set<string>();
  const over = Promise.withResolvers<void>();
  const begun = performance.now();
  const finish = async (id: string): Promise<void> => {
    left.delete(id);
    if (left.size === 0) over.resolve();
    return Promise.resolve();
  };
  const last = (id: string): ReturnType<StageRunner['run']> => {
    setImmediate(() => void finish(id));
    return Promise.resolve({ as: 'done', result: null, jobResult: {} });
  };
  const runners: Record<string, StageRunner> = {
    only: { slots: SLOTS, run: ({ job }) => last(job.id) },
    cut: {
      slots: SLOTS,
      run: () =>
        Promise.resolve({
          as: 'done',
          result: null,
          then: Array.from({ length: PARTS }, (_, index) => ({ name: 'part', index })),
          last: { name: 'join' },
        }),
    },
    part: { slots: SLOTS, run: () => Promise.resolve({ as: 'done', result: null }) },
    join: { slots: SLOTS, run: ({ job }) => last(job.id) },
  };
  const ids = Array.from({ length: count }, () => timeUuid());
  for (const id of ids) left.add(id);
  const worker = new Worker({
    jobs: board,
    runners,
    onError: (error) => process.stderr.write(`${error.message}\n`),
  });
  await eachOf(ids, (id) => board.submit(job(kind, id)));
  await over.promise;
  await worker.drain(10_000); // the last outcomes are written
  return (performance.now() - begun) / 1000;
}

/** Seconds in which pg-boss alone, on the same database, sends, fetches and completes `count` jobs. */
async function bare(db: Database, count: number): Promise<number> {
  const connection = {
    executeSql: async (text: string, values?: unknown[]) =>
      values?.length ? forQueue(db).executeSql(text, values) : { rows: await db.exec(text) },
  };
  const boss = new PgBoss({ db: connection, backend: db.kind, schema: 'bare', schedule: false });
  await boss.start();
  await boss.createQueue('bare');
  const begun = performance.now();
  let done = 0;
  const working = (async () => {
    while (done < count) {
      const held = await boss.fetch('bare', { batchSize: SLOTS });
      if (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(held.map(({ id }) => boss.complete('bare', id)));
      done += held.length;
    }
  })();
  await eachOf(Array.from({ length: count }), () => boss.send('bare', { of: 1 }));
  await working;
  const seconds = (performance.now() - begun) / 1000;
  await boss.stop({ graceful: false, close: false });
  return seconds;
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
  /** A second, all callers together. */
  readonly rate: number;
}

/** How long a submit takes with CALLERS callers at once, and asking for a queued job and its position, one by one. */
async function asked(board: Jobs): Promise<{ submit: Spread; get: Spread }> {
  const ids = Array.from({ length: 1_000 }, () => timeUuid());
  const submit = await timed(ids, CALLERS, (id) => board.submit(job('one', id)));
  const get = await timed(ids, 1, async (id) => {
    const found = await board.get(id);
    if (found) await board.position(found);
  });
  for (const id of ids) await board.cancel(id);
  return { submit, get };
}

async function timed<Item>(
  items: readonly Item[],
  callers: number,
  call: (item: Item) => Promise<unknown>,
): Promise<Spread> {
  const took: number[] = [];
  const begun = performance.now();
  await eachOf(
    items,
    async (item) => {
      const from = performance.now();
      await call(item);
      took.push(performance.now() - from);
    },
    callers,
  );
  const rate = (1000 * items.length) / (performance.now() - begun);
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.floor((took.length - 1) * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), rate };
}

async function fill(board: Jobs, count: number): Promise<void> {
  await eachOf(Array.from({ length: count }), () => board.submit(job('one', timeUuid())), 256);
}

/** Calls for every item, `callers` at a time. */
async function eachOf<Item>(
  items: readonly Item[],
  call: (item: Item) => Promise<unknown>,
  callers = CALLERS,
): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (const item of waiting) await call(item);
    }),
  );
}

const job = (kind: string, id: string): NewJob => ({
  id,
  kind,
  first: kind === 'one' ? 'only' : 'cut',
  owner: `owner ${id.slice(-1)}`,
  options: {},
  input: {},
  bytes: 0,
  priority: 0,
  webhook: null,
  idempotencyKey: null,
  fingerprint: id,
  dedupeSeconds: 0,
  keepSeconds: 3600,
  quota: NO_QUOTA,
});
