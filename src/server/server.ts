import { randomUUID } from 'node:crypto';
import multipart from '@fastify/multipart';
import { type FastifyRequest, fastify } from 'fastify';
import type { Render } from '../api/answer.ts';
import { EarshotError } from '../errors.ts';
import type { Transcript } from '../transcript/schema.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { checkKey, checkLocal, isLoopback } from './access.ts';
import { admission } from './admission.ts';
import { audioRoute } from './audio.ts';
import { onMalformedHttp, sendError } from './errors.ts';
import { healthRoutes } from './health.ts';
import { modelRoutes } from './models.ts';
import { isDoneWithin } from './waiting.ts';

/** What a client asked of one recording. */
export interface TranscribeRequest {
  /** The client's file name, for people to read. */
  readonly name: string;
  /** One of `models()`, or null: what is installed. */
  readonly model: string | null;
  /** ISO 639 code or "auto". */
  readonly language: string;
  readonly task: 'transcribe' | 'translate';
  /** Whether the answer names speakers. */
  readonly diarize: boolean;
}

/** What the composition root gives the server, which itself loads no model and reads no configuration. */
export interface ServerDependencies {
  /** Rejects with an EarshotError; stops within a second when `signal` aborts. */
  transcribe(path: string, request: TranscribeRequest, signal: AbortSignal): Promise<Transcript>;
  readonly render: Render;
  /** Names of the models that a request may ask for. */
  models(): readonly string[];
  readonly version: string;
  /** null: no key is asked for; see checkBind. */
  readonly apiKey: string | null;
  readonly maxUploadBytes: number;
  /** Uploads lie here while they are worked on, each under a random name. */
  readonly uploadsDir: string;
  /** Transcriptions at once (default 2), and requests that may wait beside them (default 16). */
  readonly maxConcurrent?: number;
  readonly maxQueued?: number;
  /** Told of errors that the client sees in general words only. */
  readonly onError?: (error: EarshotError) => void;
  readonly clock?: Clock;
}

/** A server that listens or not yet. */
export interface Server {
  /** Resolves with the address to call; port 0 takes a free one. Ask checkBind first. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  /** Takes no new work, lets running work end for `graceMs` (default 10 s), then aborts it. */
  close(graceMs?: number): Promise<void>;
}

/** The longest a client may take to send a request: a large file over a slow line. */
const REQUEST_MS = 6 * 3_600_000;

/**
 * OpenAI's audio endpoints over one function that transcribes: POST /v1/audio/transcriptions and /translations,
 * GET /v1/models and /v1/models/{id}, GET /health, /health/live and /health/ready. Nothing outlives a request.
 */
export function createServer(dependencies: ServerDependencies): Server {
  const clock = dependencies.clock ?? systemClock;
  const { maxConcurrent: concurrent = 2, maxQueued: waiting = 16 } = dependencies;
  const gate = admission({ concurrent, waiting });
  const stopping = new AbortController();
  const http = fastify({
    genReqId: () => `req_${randomUUID().replaceAll('-', '')}`,
    requestTimeout: REQUEST_MS,
    frameworkErrors: sendError(dependencies.onError),
    clientErrorHandler: onMalformedHttp,
  });
  let isLocal = true;
  http.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (dependencies.apiKey === null) {
      if (isLocal) checkLocal(request.headers);
    } else if (!isProbe(request)) checkKey(request.headers, dependencies.apiKey);
  });
  http.setErrorHandler(sendError(dependencies.onError));
  http.setNotFoundHandler(({ method, url }) => {
    throw new EarshotError('not_found', `there is no ${method} ${url.split('?')[0]} here`);
  });
  http.removeAllContentTypeParsers(); // forms only: everything else is a 415
  void http.register(multipart);
  const context = { ...dependencies, admission: gate, stopping: stopping.signal, clock };
  http.post('/v1/audio/transcriptions', audioRoute('transcribe', context));
  http.post('/v1/audio/translations', audioRoute('translate', context));
  modelRoutes(http, dependencies.models);
  healthRoutes(http, { admission: gate, clock, version: dependencies.version });

  return {
    async listen({ host, port }) {
      isLocal = isLoopback(host);
      return { url: await http.listen({ host, port }) };
    },
    async close(graceMs = 10_000) {
      const empty = gate.drain();
      if (!(await isDoneWithin(empty, graceMs, clock))) stopping.abort();
      await empty;
      await http.close();
    },
  };
}

/** Whoever watches the server has no key, and learns nothing but numbers. */
const isProbe = ({ url }: FastifyRequest): boolean => /^\/health(?:\/live|\/ready)?(?:\?|$)/.test(url);
