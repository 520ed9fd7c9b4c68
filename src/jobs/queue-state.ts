import type { Queryable } from './database.ts';

/** What waits and what runs, for whoever watches. */
export interface QueueState {
  readonly jobs: readonly { readonly kind: string; readonly status: string; readonly count: number }[];
  /** Those that are queued or running. */
  readonly stages: readonly { readonly stage: string; readonly state: string; readonly count: number }[];
  /** Since the queued job that is oldest was accepted; 0 when none is queued. */
  readonly oldestSeconds: number;
}

/** Reads every row: not to be asked often. */
export async function queueStateOf(db: Queryable): Promise<QueueState> {
  const jobs = await db.query<QueueState['jobs'][number]>(COUNT_JOBS);
  const stages = await db.query<QueueState['stages'][number]>(COUNT_STAGES);
  const [oldest] = await db.query<{ seconds: number }>(OLDEST);
  return { jobs, stages, oldestSeconds: oldest?.seconds ?? 0 };
}

const COUNT_JOBS = `SELECT kind, status, count(*)::int AS count FROM earshot.job GROUP BY kind, status`;

const COUNT_STAGES = `
SELECT name AS stage, state, count(*)::int AS count FROM earshot.stage
WHERE state IN ('queued', 'running') GROUP BY name, state`;

const OLDEST = `
SELECT COALESCE(extract(epoch FROM now() - min(created_at)), 0)::float8 AS seconds
FROM earshot.job WHERE status = 'queued'`;
