import multipart from '@fastify/multipart';
import {
  errorCodes,
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify';
import { EarshotError } from '../errors.ts';
import { systemClock } from '../util/clock.ts';
import { checkLocal, isLoopback } from './access.ts';
import { observe } from './answered.ts';
import { AUDIO_ROUTES } from './audio.ts';
import { LOCAL_CALLER } from './auth/caller.ts';
import { rateLimit } from './auth/rate.ts';
import type { Route, ServerContext, ServerDependencies } from './context.ts';
import { onIdleBody, onMalformedHttp, requestId, sendError } from './errors.ts';
import { DOOR_ROUTES } from './doors.ts';
import { eventRoutes } from './events.ts';
import { HEALTH_ROUTES, latestCounts } from './health.ts';
import { JOB_LOG_ROUTES } from './job-log.ts';
import { JOB_ROUTES } from './jobs.ts';
import { logHappening } from './logging.ts';
import { Methods, noRoute } from './methods.ts';
import { Metrics, METRICS_ROUTES } from './metrics.ts';
import { MODEL_ROUTES } from './models.ts';
import { documentRoutes } from './openapi.ts';
import { CALLERS, register } from './register.ts';
import { takeUploadBytes, UPLOAD_ROUTES } from './uploads/routes.ts';
import { Uploads } from './uploads/uploads.ts';
import { endBody, TIMEOUTS, watchBody } from './slow-bodies.ts';
import { headProblem, takeExpectations } from './request-head.ts';
import { WEBHOOK_ROUTES } from './webhooks.ts';

/** A server that listens or not yet. */
export interface Server {
  /** Resolves with the address to call; port 0 takes a free one. Ask checkBind first. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  /** From now on it is not ready and takes no new work; everything else it still answers. */
  drain(): void;
  /** Removes uploads that nobody has touched for a day. */
  sweepUploads(): Promise<number>;
  /** Ends requests that wait for their job, lets the others end, and stops to listen. */
  close(): Promise<void>;
}

/** The longest a client may take to send a request: a large file over a slow line. */
const REQUEST_MS = 6 * 3_600_000;
/** What a request gets to end when the server closes; one that is still being sent has no end. */
const CLOSE_MS = 1_000;
/** A JSON body says what is wanted; recordings come as forms and uploads. */
const JSON_BYTES = 1 << 20;

/** All routes of the server but those that come with plugins of their own. */
export function routesOf(version: string): Route[] {
  const routes = [
    ...JOB_ROUTES,
    ...eventRoutes(),
    ...JOB_LOG_ROUTES,
    ...WEBHOOK_ROUTES,
    ...AUDIO_ROUTES,
    ...DOOR_ROUTES,
    ...MODEL_ROUTES,
    ...UPLOAD_ROUTES,
    ...METRICS_ROUTES,
    ...HEALTH_ROUTES,
  ];
  return [...routes, ...documentRoutes(routes, version)];
}

/** HTTP over jobs and a storage; the server itself does no work. */
export function createServer(dependencies: ServerDependencies): Server {
  const clock = dependencies.clock ?? systemClock;
  const stopping = new AbortController();
  let isDraining = false;
  const activity = { startedAt: clock.now(), uploads: 0, lastAt: clock.now() };
  const metrics = new Metrics({ jobs: dependencies.jobs, activity, clock });
  const shared = { ...dependencies, clock, stopping: stopping.signal, activity, metrics };
  const uploads = new Uploads({ ...shared, folder: dependencies.uploadsFolder });
  const counts = latestCounts(() => dependencies.jobs.counts());
  const context: ServerContext = { ...shared, uploads, counts, isDraining: () => isDraining };
  const rate = rateLimit(clock);
  const timeouts = dependencies.timeouts ?? TIMEOUTS;
  const http = fastify({
    genReqId: requestId,
    requestTimeout: REQUEST_MS,
    http: {
      headersTimeout: timeouts.headers,
      connectionsCheckingInterval: Math.min(5_000, timeouts.headers),
      requireHostHeader: false, // headProblem says so in our words
    },
    bodyLimit: JSON_BYTES,
    ...(dependencies.log
      ? {
          loggerInstance: dependencies.log as FastifyBaseLogger,
          logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request' }),
        }
      : {}),
    trustProxy: dependencies.trustProxy ?? false,
    frameworkErrors: sendError(dependencies.onError),
    clientErrorHandler: onMalformedHttp,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // fastify's own words; what must not begin any more is refused below
  });
  takeExpectations(http.server);
  const methods = new Methods(http);
  observe(http, context, (request) => CALLERS.get(request));
  const { log } = dependencies;
  if (log !== undefined) dependencies.jobs.onHappening((happening) => logHappening(log, happening));
  let isLocal = true;
  http.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    watchBody(request.raw, reply.raw, timeouts, (socket) => onIdleBody(socket, reply.raw.headersSent));
    const problem = headProblem(request.raw);
    if (problem !== null) {
      reply.header('connection', 'close'); // a body may follow or not
      throw problem;
    }
    if (isPublic(request)) return void CALLERS.set(request, LOCAL_CALLER);
    if (dependencies.auth.isOpen && isLocal) checkLocal(request.headers);
    const caller = await dependencies.auth.authenticate(request.headers, request.ip);
    rate.take(caller);
    if (isDraining && request.method === 'POST')
      throw new EarshotError('draining', 'the server is shutting down and takes no new work');
    checkEncoding(request);
    CALLERS.set(request, caller);
  });
  http.addHook('onResponse', (request, _reply, done) => {
    endBody(request.raw, timeouts);
    done();
  });
  http.setErrorHandler(sendError(dependencies.onError));
  http.setNotFoundHandler((request, reply) => {
    const { error, allow } = noRoute(request, methods);
    if (allow.length > 0) reply.header('allow', allow.join(', '));
    throw error;
  });
  takeJson(http);
  void http.register(multipart);
  const routes = routesOf(context.version);
  void http.register(async (scope) => {
    takeUploadBytes(scope);
    register(scope, routes.filter(isResumable), context);
    return Promise.resolve();
  });
  register(
    http,
    routes.filter((route) => !isResumable(route)),
    context,
  );

  return {
    async listen({ host, port }) {
      isLocal = isLoopback(host);
      await uploads.open();
      return { url: await http.listen({ host, port }) };
    },
    drain() {
      isDraining = true;
    },
    sweepUploads: () => uploads.sweep(),
    async close() {
      isDraining = true;
      stopping.abort(new EarshotError('draining', 'the server is shutting down'));
      const force = setTimeout(() => http.server.closeAllConnections(), CLOSE_MS);
      await http.close();
      clearTimeout(force);
    },
  };
}

/** Their bytes are no form and no JSON. */
const isResumable = ({ tag }: Route): boolean => tag === 'Uploads';

/** Whoever watches the server or reads what it can do has no key, and learns nothing of anybody. */
const isPublic = ({ routeOptions }: FastifyRequest): boolean => routeOptions.config.spec?.scope === null;

/** Nothing is unpacked: what a few bytes could become is nobody's upload. */
function checkEncoding({ headers }: FastifyRequest): void {
  const { 'content-encoding': content = 'identity', 'transfer-encoding': transfer = 'chunked' } = headers;
  if (content.toLowerCase() !== 'identity')
    throw new EarshotError('media_type_unsupported', 'send the body as it is, without Content-Encoding');
  if (transfer.toLowerCase() !== 'chunked')
    throw new EarshotError('media_type_unsupported', 'expected no Transfer-Encoding but chunked');
}

/** Forms and JSON only, everything else is a 415; a client that says any type and sends nothing means nothing. */
function takeJson(http: FastifyInstance): void {
  const parse = http.getDefaultJsonParser('error', 'error');
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
  http.addContentTypeParser('*', ({ headers }, _body, done) => {
    if (headers['content-length'] === '0') done(null, undefined);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE());
  });
}
