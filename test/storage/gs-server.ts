import { MemoryBucket, ranged, serve, type Answer, type Asked, type Held } from './bucket-server.ts';

/** What Cloud Storage asks of every chunk but the last. */
const CHUNK_UNIT = 256 * 1024;
const BUCKETS = ['bucket'];

interface Session {
  readonly key: string;
  readonly chunks: Buffer[];
  bytes: number;
}

/**
 * As much of Cloud Storage's JSON API as a storage needs, in memory, for the unmodified SDK: multipart (one request) and
 * resumable uploads, media with ranges and hashes, metadata, listing in pages of `pageSize`, deletion. No authentication,
 * as with every emulator.
 */
export async function serveGoogleStorage(pageSize: number): Promise<Awaited<ReturnType<typeof serve>>> {
  const bucket = new MemoryBucket();
  const sessions = new Map<string, Session>();
  return serve((asked) => {
    const { method, query } = asked;
    const match = /^(\/upload)?(?:\/storage\/v1)?\/b\/([^/]+)\/o(?:\/(.+))?$/s.exec(asked.path);
    const [, isUpload, name = '', key] = match ?? [];
    if (!BUCKETS.includes(name)) return fault(404, 'The specified bucket does not exist.');
    if (isUpload !== undefined) return upload(bucket, sessions, asked);
    if (key === undefined)
      return method === 'GET' ? list(bucket, query, pageSize) : fault(501, 'no such method');
    const held = bucket.get(key);
    if (held === undefined) return fault(404, `No such object: ${name}/${key}`);
    if (method === 'DELETE') {
      bucket.delete(key);
      return { status: 204 };
    }
    if (query.get('alt') !== 'media') return json(200, describe(key, held));
    const answer = ranged(held.body, asked.headers.range);
    return { ...answer, headers: { ...mediaHeaders(held), ...answer.headers } };
  });
}

function upload(bucket: MemoryBucket, sessions: Map<string, Session>, asked: Asked): Answer {
  const { method, query, headers, body } = asked;
  const id = query.get('upload_id');
  if (id !== null) {
    const session = sessions.get(id);
    return session === undefined
      ? fault(404, 'no such session')
      : resume(bucket, sessions, id, session, asked);
  }
  const key = query.get('name') ?? '';
  if (method !== 'POST') return fault(501, 'no such method');
  if (query.get('uploadType') === 'resumable') {
    const next = `session-${sessions.size + 1}-${Date.now()}`;
    sessions.set(next, { key, chunks: [], bytes: 0 });
    const location = `http://${headers.host ?? ''}${asked.path}?uploadType=resumable&upload_id=${next}`;
    return { status: 200, headers: { location } };
  }
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1];
  if (query.get('uploadType') !== 'multipart' || boundary === undefined)
    return fault(400, 'no such upload type');
  return json(200, describe(key, bucket.put(key, mediaOf(body, boundary))));
}

/** A chunk of a resumable upload: `bytes a-b/total`, with * for a total that is not known yet, or none of its own. */
function resume(
  bucket: MemoryBucket,
  sessions: Map<string, Session>,
  id: string,
  session: Session,
  { method, headers, body }: Asked,
): Answer {
  if (method === 'DELETE') {
    sessions.delete(id);
    return { status: 499 };
  }
  const range = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  if (range === null) return fault(400, 'no content-range');
  const [, start, , total] = range;
  if (start !== undefined && Number(start) !== session.bytes)
    return fault(503, 'not where the last chunk ended');
  session.chunks.push(body);
  session.bytes += body.length;
  if (total === String(session.bytes)) {
    sessions.delete(id);
    return json(200, describe(session.key, bucket.put(session.key, Buffer.concat(session.chunks))));
  }
  if (session.bytes % CHUNK_UNIT !== 0) return fault(400, 'not a multiple of 256 KiB');
  return { status: 308, headers: session.bytes > 0 ? { range: `bytes=0-${session.bytes - 1}` } : {} };
}

/** The second part of a multipart/related body: the first is the metadata. */
function mediaOf(body: Buffer, boundary: string): Buffer {
  const second = body.indexOf(`--${boundary}`, boundary.length + 2);
  const start = body.indexOf('\r\n\r\n', second) + 4;
  return body.subarray(start, body.lastIndexOf(`\r\n--${boundary}--`));
}

function list(bucket: MemoryBucket, query: URLSearchParams, pageSize: number): Answer {
  const most = Math.min(pageSize, Number(query.get('maxResults') ?? pageSize));
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64').toString();
  const { keys, more } = bucket.page(query.get('prefix') ?? '', after, most);
  const items = keys.map((key) => describe(key, bucket.get(key) as Held));
  const next = more ? { nextPageToken: Buffer.from(keys.at(-1) ?? '').toString('base64') } : {};
  return json(200, { kind: 'storage#objects', items, ...next });
}

function describe(name: string, { body, at, generation }: Held): Record<string, string> {
  return {
    kind: 'storage#object',
    name,
    bucket: 'bucket',
    size: String(body.length),
    updated: at.toISOString(),
    generation: String(generation),
    crc32c: crc32c(body),
  };
}

function mediaHeaders({ body, generation }: Held): Record<string, string> {
  return {
    'x-goog-hash': `crc32c=${crc32c(body)}`,
    'x-goog-generation': String(generation),
    'x-goog-stored-content-encoding': 'identity',
  };
}

/** CRC-32C (Castagnoli, RFC 3720), base64 of its big-endian bytes; counted once for each object. */
function crc32c(body: Buffer): string {
  const known = counted.get(body);
  if (known !== undefined) return known;
  let crc = 0xffffffff;
  for (const byte of body) crc = (CRC32C[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  const out = Buffer.alloc(4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  counted.set(body, out.toString('base64'));
  return out.toString('base64');
}

const counted = new WeakMap<Buffer, string>();

const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function fault(code: number, message: string): Answer {
  return json(code, { error: { code, message, errors: [{ message, reason: 'test' }] } });
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
