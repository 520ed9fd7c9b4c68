import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { RouteSpec } from '../../api/route.ts';
import { EarshotError, toEarshotError, type ErrorCode } from '../../errors.ts';
import { checkStoredBytes } from '../../jobs/quota.ts';
import type { Call, Route, ServerContext } from '../context.ts';
import { KEPT_MS } from './store.ts';

const VERSION = '1.0.0';
const BYTES = 'application/offset+octet-stream';
/** What the client gets of the protocol's answer. */
const TOLD = ['location', 'upload-offset', 'upload-length', 'upload-defer-length', 'upload-metadata'].concat([
  'upload-expires',
  'cache-control',
  'tus-resumable',
  'tus-version',
  'tus-extension',
  'tus-max-size',
]);

type Headers = NonNullable<RouteSpec['headers']>;
const version: Headers = {
  'Tus-Resumable': { description: `The version of the protocol: ${VERSION}.`, required: true },
};
const offset = { 'Upload-Offset': 'Bytes that have arrived.' };
const bytes = { [BYTES]: { schema: z.string().describe('The next bytes of the recording.') } };
const expires = {
  'Upload-Expires': `When it is removed unless more comes: ${KEPT_MS / 3_600_000} hours after the last byte.`,
};

/** Resumable uploads by tus 1.0 (https://tus.io/protocols/resumable-upload); a job is made of one with `upload_id`. */
export const UPLOAD_ROUTES: readonly Route[] = [
  {
    ...{ method: 'OPTIONS', path: '/uploads', tag: 'Uploads', scope: 'submit' },
    summary: 'What resumable uploads can do here',
    responses: {
      204: {
        description: 'Versions, extensions and the largest size.',
        headers: {
          'Tus-Version': 'Versions of the protocol.',
          'Tus-Extension': 'Its extensions.',
          'Tus-Max-Size': 'Most bytes of an upload.',
        },
      },
    },
    answer,
  },
  {
    ...{ method: 'POST', path: '/uploads', tag: 'Uploads', scope: 'submit' },
    summary: 'Begin a resumable upload (tus 1.0)',
    headers: {
      ...version,
      'Upload-Length': { description: 'Bytes of the whole.' },
      'Upload-Defer-Length': { description: '1: the length comes with a later request.' },
      'Upload-Metadata': { description: 'filename and its base64: what the recording is called.' },
    },
    responses: {
      201: {
        description: 'Begun. The last part of Location is the upload_id.',
        headers: { Location: 'Where to send its bytes.', ...expires },
      },
    },
    errors: [412, 413, 415, 507],
    answer,
  },
  {
    ...{ method: 'HEAD', path: '/uploads/:id', tag: 'Uploads', scope: 'submit' },
    summary: 'How much of an upload has arrived',
    headers: version,
    responses: {
      200: {
        description: 'The upload.',
        headers: { ...offset, 'Upload-Length': 'Bytes of the whole, once known.' },
      },
    },
    errors: [404, 409, 412],
    answer,
  },
  {
    ...{ method: 'PATCH', path: '/uploads/:id', tag: 'Uploads', scope: 'submit' },
    summary: 'Send the next bytes of an upload',
    headers: {
      ...version,
      'Upload-Offset': { description: 'Where these bytes belong; what HEAD has told.', required: true },
      'Upload-Length': { description: 'Bytes of the whole, where they were not told before.' },
    },
    body: bytes,
    responses: { 204: { description: 'They are on disk.', headers: { ...offset, ...expires } } },
    errors: [404, 409, 412, 413, 415, 507],
    answer,
  },
  {
    ...{ method: 'DELETE', path: '/uploads/:id', tag: 'Uploads', scope: 'submit' },
    summary: 'Give an upload up; a job that was made of it stays',
    headers: version,
    responses: { 204: { description: 'Removed.' } },
    errors: [404, 409, 412],
    answer,
  },
];

/** Lets the bytes of uploads through to these routes as they come. */
export function takeUploadBytes(http: FastifyInstance): void {
  http.addContentTypeParser(BYTES, (_request, _payload, done) => done(null));
}

async function answer(call: Call, context: ServerContext): Promise<unknown> {
  const { request, reply, caller, params } = call;
  const { uploads, activity, clock } = context;
  reply.header('tus-resumable', VERSION);
  if (request.method !== 'OPTIONS' && request.headers['tus-resumable'] !== VERSION) {
    reply.header('tus-version', VERSION);
    throw new EarshotError('version_unsupported', `expected the header Tus-Resumable: ${VERSION}`);
  }
  const id = params['id'];
  if (id !== undefined) await uploads.get(id, caller);
  await checkRoom(call, context);
  const hasBody = request.headers['content-type'] === BYTES;
  if (hasBody) activity.uploads++;
  activity.lastAt = clock.now();
  try {
    const asked = asRequest(call, hasBody);
    const answered = await uploads.callers.run(caller, () => uploads.tus.handleWeb(asked));
    if (answered.status >= 400) throw await failureOf(asked, answered, context);
    for (const name of TOLD) {
      const value = answered.headers.get(name);
      if (value !== null) reply.header(name, value);
    }
    return await reply.code(answered.status).send();
  } finally {
    if (hasBody) activity.uploads--;
    activity.lastAt = clock.now();
  }
}

/** Refuses bytes before they come: a new upload counts in whole. */
async function checkRoom({ request, caller }: Call, { uploads, jobs }: ServerContext): Promise<void> {
  const { method, headers } = request;
  if (method === 'PATCH') return uploads.checkRoom(Number(headers['content-length'] ?? 0));
  if (method !== 'POST') return;
  const length = Number(headers['upload-length'] ?? 0) || 0;
  if (caller.quota.maxStoredBytes !== null) {
    const [{ bytes: stored }, coming] = await Promise.all([
      jobs.usage(caller.owner, caller.quota),
      uploads.bytesOf(caller.owner),
    ]);
    checkStoredBytes(caller.quota, stored + coming, length);
  }
  await uploads.checkRoom(length);
}

/** The request as the protocol's server reads it, with the headers that are its business. */
function asRequest({ request, params }: Call, hasBody: boolean): Request {
  const { method, headers, raw } = request;
  const own = Object.entries(headers).filter(
    ([name]) => /^(?:upload-|tus-)/.test(name) || (hasBody && /^content-(?:type|length)$/.test(name)),
  );
  const path = params['id'] === undefined ? '/uploads' : `/uploads/${params['id']}`;
  return new Request(`http://localhost${path}`, {
    method,
    headers: own.map(([name, value]): [string, string] => [name, String(value)]),
    ...(hasBody ? { body: Readable.toWeb(raw) as ReadableStream, duplex: 'half' } : {}),
  });
}

/** What the protocol's server answers in plain text, in our shape. */
async function failureOf(
  asked: Request,
  answered: Response,
  { uploads, stopping }: ServerContext,
): Promise<EarshotError> {
  if (stopping.aborted) return new EarshotError('draining', 'the server is shutting down');
  const cause = uploads.failures.get(asked);
  if (cause instanceof Error && !('status_code' in cause)) return toEarshotError(cause);
  const code = CODES[answered.status] ?? (answered.status < 500 ? 'request_invalid' : 'internal');
  return new EarshotError(code, (await answered.text()).trim(), { cause });
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'not_found',
  409: 'upload_state',
  410: 'not_found',
  412: 'version_unsupported',
  413: 'too_large',
};
