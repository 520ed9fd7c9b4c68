import { z } from 'zod';
import type { Counts } from '../jobs/read.ts';
import type { Route } from './context.ts';

/** How long /health waits for the database before it tells the numbers that it knows. */
const WAIT_MS = 25;

const healthSchema = z.object({
  status: z.enum(['ok', 'draining']),
  version: z.string(),
  queued_jobs: z.int(),
  processing_jobs: z.int(),
  active_uploads: z.int(),
  unfetched_results: z.int().describe('Completed jobs whose result nobody has fetched.'),
  last_activity_at: z.iso.datetime(),
  uptime_seconds: z.int(),
});
const probe = z.object({ status: z.string() });
const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': schema },
});

/** /health (how busy), /health/live (it runs) and /health/ready (it takes work). None waits for anything. */
export const HEALTH_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/health',
    summary: 'How busy the server is',
    tag: 'Server',
    scope: null,
    responses: { 200: json(healthSchema, 'Numbers that are at most a moment old.') },
    async answer(_call, { activity, version, clock, counts, isDraining }) {
      const { queued, processing, unfetched } = await counts();
      return {
        status: isDraining() ? 'draining' : 'ok',
        version,
        queued_jobs: queued,
        processing_jobs: processing,
        active_uploads: activity.uploads,
        unfetched_results: unfetched,
        last_activity_at: new Date(activity.lastAt).toISOString(),
        uptime_seconds: Math.round((clock.now() - activity.startedAt) / 1000),
      };
    },
  },
  {
    method: 'GET',
    path: '/health/live',
    summary: 'Whether the process runs',
    tag: 'Server',
    scope: null,
    responses: { 200: json(probe, 'It does.') },
    answer: async () => Promise.resolve({ status: 'ok' }),
  },
  {
    method: 'GET',
    path: '/health/ready',
    summary: 'Whether the server takes work',
    tag: 'Server',
    scope: null,
    responses: { 200: json(probe, 'It does.'), 503: json(probe, 'It is shutting down.') },
    answer: ({ reply }, { isDraining }) => {
      if (isDraining()) reply.code(503).header('retry-after', '5');
      return Promise.resolve({ status: isDraining() ? 'draining' : 'ok' });
    },
  },
];

/** The newest answer of `ask`, or after WAIT_MS the last one that came. One question is under way at a time. */
export function latestCounts(ask: () => Promise<Counts>): () => Promise<Counts> {
  let known: Counts = { queued: 0, processing: 0, unfetched: 0 };
  let asking: Promise<Counts> | null = null;
  return () => {
    asking ??= ask()
      .then((counts) => (known = counts))
      .catch(() => known)
      .finally(() => (asking = null));
    const late = Promise.withResolvers<Counts>();
    const timer = setTimeout(() => late.resolve(known), WAIT_MS);
    return Promise.race([asking, late.promise]).finally(() => clearTimeout(timer));
  };
}
