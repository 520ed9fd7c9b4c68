import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { MemoryBucket, ranged, serve, type Answer, type Asked } from './bucket-server.ts';

/** What S3 asks of every part but the last. */
const LEAST_PART = 5 * 1024 * 1024;
const BUCKETS = ['bucket'];

interface Upload {
  readonly key: string;
  readonly initiated: Date;
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>;
}

/**
 * As much of S3's REST protocol as a storage needs, in memory, for the unmodified SDK: path-style addresses, objects,
 * ranges, multipart uploads, ListObjectsV2 in pages of `pageSize`, DeleteObjects. Holds what it gets against the
 * checksums that come with it, and refuses other keys than `test`.
 */
export async function serveS3(pageSize: number): Promise<Awaited<ReturnType<typeof serve>>> {
  const bucket = new MemoryBucket();
  const uploads = new Map<string, Upload>();
  return serve((asked) => {
    const [, name = '', ...rest] = asked.path.split('/');
    const key = rest.join('/');
    const { method, query, body } = asked;
    if (!/^AWS4-HMAC-SHA256 Credential=test\//.test(asked.headers.authorization ?? ''))
      return fault(403, 'InvalidAccessKeyId');
    if (!BUCKETS.includes(name)) return fault(404, 'NoSuchBucket');
    const damaged = damage(asked);
    if (damaged !== null) return fault(400, damaged);
    if (key === '') {
      if (method === 'POST' && query.has('delete')) return deleteMany(bucket, body.toString());
      if (method === 'GET' && query.has('uploads')) return listUploads(uploads, query);
      if (method === 'GET' && query.get('list-type') === '2') return listObjects(bucket, query, pageSize);
    } else if (query.has('uploads') && method === 'POST') {
      const id = `upload-${uploads.size + 1}-${key.length}`;
      uploads.set(id, { key, initiated: new Date(), parts: new Map() });
      return xml(
        200,
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    } else if (query.has('uploadId')) {
      return multipart(bucket, uploads, key, asked);
    } else if (method === 'PUT') {
      return { status: 200, headers: { etag: etagOf(bucket.put(key, body).body) } };
    } else if (method === 'DELETE') {
      bucket.delete(key);
      return { status: 204 };
    } else if (method === 'GET' || method === 'HEAD') {
      const held = bucket.get(key);
      if (held === undefined) return fault(404, 'NoSuchKey');
      const answer = ranged(held.body, asked.headers.range);
      if (answer.status === 416) return fault(416, 'InvalidRange');
      const headers = { etag: etagOf(held.body), 'last-modified': held.at.toUTCString(), ...answer.headers };
      return { ...answer, headers };
    }
    return fault(501, 'NotImplemented');
  });
}

function multipart(bucket: MemoryBucket, uploads: Map<string, Upload>, key: string, asked: Asked): Answer {
  const id = asked.query.get('uploadId') ?? '';
  const upload = uploads.get(id);
  if (upload?.key !== key) return fault(404, 'NoSuchUpload');
  if (asked.method === 'PUT') {
    const etag = etagOf(asked.body);
    upload.parts.set(Number(asked.query.get('partNumber')), { body: asked.body, etag });
    return { status: 200, headers: { etag } };
  }
  uploads.delete(id);
  if (asked.method === 'DELETE') return { status: 204 };
  const named = [...asked.body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([part]) => ({
    number: Number(tag(part, 'PartNumber')),
    etag: tag(part, 'ETag').replaceAll('&quot;', '"'),
  }));
  const parts = named.map(({ number, etag }) => {
    const part = upload.parts.get(number);
    return part?.etag === etag ? part.body : null;
  });
  if (parts.length === 0 || parts.includes(null)) return fault(400, 'InvalidPart');
  const bodies = parts as Buffer[];
  if (bodies.slice(0, -1).some((body) => body.length < LEAST_PART)) return fault(400, 'EntityTooSmall');
  const etag = etagOf(bucket.put(key, Buffer.concat(bodies)).body);
  return xml(200, `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`);
}

function listObjects(bucket: MemoryBucket, query: URLSearchParams, pageSize: number): Answer {
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
  const most = Math.min(pageSize, Number(query.get('max-keys') ?? pageSize));
  const { keys, more } = bucket.page(query.get('prefix') ?? '', after, most);
  const contents = keys.map((key) => {
    const { body, at } = bucket.get(key) ?? { body: Buffer.alloc(0), at: new Date() };
    return `<Contents><Key>${key}</Key><LastModified>${wholeSeconds(at)}</LastModified><ETag>${etagOf(body)}</ETag><Size>${body.length}</Size></Contents>`;
  });
  const token = Buffer.from(keys.at(-1) ?? '').toString('base64');
  const next = more ? `<NextContinuationToken>${token}</NextContinuationToken>` : '';
  return xml(
    200,
    `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
  );
}

function listUploads(uploads: Map<string, Upload>, query: URLSearchParams): Answer {
  const found = [...uploads]
    .filter(([, { key }]) => key.startsWith(query.get('prefix') ?? ''))
    .map(
      ([id, { key, initiated }]) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
    );
  return xml(
    200,
    `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${found.join('')}</ListMultipartUploadsResult>`,
  );
}

function deleteMany(bucket: MemoryBucket, body: string): Answer {
  const keys = [...body.matchAll(/<Key>(.*?)<\/Key>/g)].map((match) => match[1] as string);
  if (keys.length === 0 || keys.length > 1000) return fault(400, 'MalformedXML');
  for (const key of keys) bucket.delete(key);
  return xml(200, '<DeleteResult></DeleteResult>');
}

/** The code of what S3 says when the body is not what its headers announce; null when all is well. */
function damage({ headers, body }: Asked): string | null {
  if (headers['content-encoding'] === 'aws-chunked') return 'NotImplemented';
  const announced = headers['x-amz-content-sha256'];
  const hash = createHash('sha256').update(body).digest('hex');
  if (announced !== 'UNSIGNED-PAYLOAD' && announced !== hash) return 'XAmzContentSHA256Mismatch';
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  const checksum = headers['x-amz-checksum-crc32'];
  return checksum === undefined || checksum === sum.toString('base64') ? null : 'BadDigest';
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

/** S3 keeps times to the second. */
function wholeSeconds(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, '.000Z');
}

function tag(text: string, name: string): string {
  return new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1] ?? '';
}

function fault(status: number, code: string): Answer {
  return xml(status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function xml(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'application/xml' }, body: `<?xml version="1.0"?>${text}` };
}
