import { randomUUID } from 'node:crypto';
import multipart from '@fastify/multipart';
import { fastify, type FastifyRequest } from 'fastify';
import { EarshotError } from '../errors.ts';
import { systemClock } from '../util/clock.ts';
import { checkLocal, isLoopback } from './access.ts';
import { AUDIO_ROUTES } from './audio.ts';
import { LOCAL_CALLER } from './auth/caller.ts';
import { rateLimit } from './auth/rate.ts';
import type { Route, ServerContext, ServerDependencies } from './context.ts';
import { onMalformedHttp, sendError } from './errors.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { JOB_ROUTES } from './jobs.ts';
import { MODEL_ROUTES } from './models.ts';
import { CALLERS, register } from './register.ts';

/** A server that listens or not yet. */
export interface Server {
  /** Resolves with the address to call; port 0 takes a free one. Ask checkBind first. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  /** From now on it is not ready and takes no new work; everything else it still answers. */
  drain(): void;
  /** Ends requests that wait for their job, lets the others end, and stops to listen. */
  close(): Promise<void>;
}

/** The longest a client may take to send a request: a large file over a slow line. */
const REQUEST_MS = 6 * 3_600_000;
/** A JSON body says what is wanted; recordings come as forms and uploads. */
const JSON_BYTES = 1 << 20;

/** All routes of the server but those that come with plugins of their own. */
export function routesOf(context: ServerContext): Route[] {
  return [...JOB_ROUTES, ...eventRoutes(), ...AUDIO_ROUTES, ...MODEL_ROUTES, ...healthRoutes(context)];
}

/** HTTP over jobs and a storage; the server itself does no work. */
export function createServer(dependencies: ServerDependencies): Server {
  const clock = dependencies.clock ?? systemClock;
  const stopping = new AbortController();
  let isDraining = false;
  const context: ServerContext = {
    ...dependencies,
    clock,
    stopping: stopping.signal,
    activity: { uploads: 0, lastAt: clock.now() },
    isDraining: () => isDraining,
  };
  const rate = rateLimit(clock);
  const http = fastify({
    genReqId: () => `req_${randomUUID().replaceAll('-', '')}`,
    requestTimeout: REQUEST_MS,
    bodyLimit: JSON_BYTES,
    frameworkErrors: sendError(dependencies.onError),
    clientErrorHandler: onMalformedHttp,
    forceCloseConnections: 'idle',
  });
  let isLocal = true;
  http.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    if (isProbe(request)) return void CALLERS.set(request, LOCAL_CALLER);
    if (dependencies.auth.isOpen && isLocal) checkLocal(request.headers);
    const caller = await dependencies.auth.authenticate(request.headers, request.ip);
    rate.take(caller);
    if (isDraining && request.method === 'POST')
      throw new EarshotError('draining', 'the server is shutting down and takes no new work');
    CALLERS.set(request, caller);
  });
  http.setErrorHandler(sendError(dependencies.onError));
  http.setNotFoundHandler(({ method, url }) => {
    throw new EarshotError('not_found', `there is no ${method} ${url.split('?')[0]} here`);
  });
  http.removeContentTypeParser('text/plain'); // forms and JSON only: everything else is a 415
  void http.register(multipart);
  register(http, routesOf(context), context);

  return {
    async listen({ host, port }) {
      isLocal = isLoopback(host);
      return { url: await http.listen({ host, port }) };
    },
    drain() {
      isDraining = true;
    },
    async close() {
      isDraining = true;
      stopping.abort(new EarshotError('draining', 'the server is shutting down'));
      await http.close();
    },
  };
}

/** Whoever watches the server has no key, and learns nothing but numbers. */
const isProbe = ({ url }: FastifyRequest): boolean => /^\/health(?:\/live|\/ready)?(?:\?|$)/.test(url);
