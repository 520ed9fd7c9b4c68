import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from './auth/caller.ts';
import type { ServerContext } from './context.ts';
import type { AnsweredRequest } from './metrics.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Routes that machines ask every few seconds. */
const FREQUENT = /^\/(?:health|metrics)/;

/**
 * Counts and logs every request once its answer has been sent or its client has gone. Of what a client sent, only a
 * method that there is and the id of a job or upload get anywhere.
 */
export function observe(
  http: FastifyInstance,
  { metrics, log }: Pick<ServerContext, 'metrics' | 'log'>,
  callerOf: (request: FastifyRequest) => Caller | undefined,
): void {
  http.addHook('onRequest', (request, reply, done) => {
    const began = performance.now();
    reply.raw.once('close', () => {
      const { raw } = reply;
      const seconds = (performance.now() - began) / 1000;
      const answered: AnsweredRequest = {
        method: METHODS.has(request.method) ? request.method : 'other',
        route: request.routeOptions.url ?? 'none',
        status: raw.writableFinished ? `${Math.floor(raw.statusCode / 100)}xx` : 'aborted',
        seconds,
      };
      metrics.answered(answered);
      if (log === undefined) return;
      const { method, route } = answered;
      const id = (request.params as { id?: string } | undefined)?.id;
      const about = {
        ...{ request: request.id, caller: callerOf(request)?.id ?? null, method, route },
        ...(id !== undefined && UUID.test(id) ? { id } : {}),
        status: raw.writableFinished ? raw.statusCode : null,
        ms: Math.round(seconds * 1000),
      };
      if (raw.statusCode >= 500) log.warn(about, 'request failed');
      else if (FREQUENT.test(route)) log.debug(about, 'request');
      else log.info(about, raw.writableFinished ? 'request' : 'request given up by its client');
    });
    done();
  });
}
