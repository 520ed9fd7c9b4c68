import type { FastifyInstance } from 'fastify';
import type { Clock } from '../util/clock.ts';
import type { Admission } from './admission.ts';

/** GET /health (how busy), /health/live (it runs) and /health/ready (it takes work). None waits for anything. */
export function healthRoutes(
  http: FastifyInstance,
  { admission, clock, version }: { admission: Admission; clock: Clock; version: string },
): void {
  const startedAt = clock.now();
  let lastActivityAt = startedAt;
  http.addHook('onResponse', async (request) => {
    if (request.url.startsWith('/v1/audio/')) lastActivityAt = clock.now();
  });
  http.get('/health', async () => {
    const { uploading, queued, processing } = admission.counts;
    return {
      status: 'ok',
      version,
      queued_jobs: queued,
      processing_jobs: processing,
      active_uploads: uploading,
      unfetched_results: 0, // results leave with the answer
      last_activity_at: new Date(lastActivityAt).toISOString(),
      uptime_seconds: Math.round((clock.now() - startedAt) / 1000),
    };
  });
  http.get('/health/live', async () => ({ status: 'ok' }));
  http.get('/health/ready', async (_request, reply) => {
    if (!admission.isDraining) return { status: 'ok' };
    return reply.code(503).header('retry-after', '5').send({ status: 'draining' });
  });
}
