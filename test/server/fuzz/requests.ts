import fc from 'fast-check';
import type { Documented, Operation, Schema } from './documented.ts';

/** A request as it goes over the wire, and what of the document it was made from. */
export interface FuzzRequest {
  /** null: no documented path. */
  readonly operation: Operation | null;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

const WEIRD_TEXTS = [
  ...[
    '',
    ' ',
    '\0',
    '\uD800',
    '😀',
    '../../etc/passwd',
    '-rf',
    '$(id)',
    "' OR 1=1 --",
    '%00',
    'null',
    '__proto__',
  ],
  ...['constructor', '1e999', '-0', '9'.repeat(400), 'a'.repeat(5000), '\r\nX-Injected: 1', '{}', 'ｆｕｌｌ'],
];
const ADDRESSES = [
  ...[
    'http://127.0.0.1/',
    'http://[::1]:1/',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'http://',
  ],
  ...[
    'https://recordings.invalid/a%E0%A4%A.wav',
    'https://recordings.invalid/%00/b',
    'gopher://8.8.8.8/',
    '//x',
    'http://0x7f.1/',
  ],
];
const CONTENT_TYPES = [
  ...['application/json', 'text/plain', 'multipart/form-data', 'multipart/form-data; boundary=', 'x', ''],
  ...[
    'application/json; charset=utf-16',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=YY',
  ],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
const PATHS = [
  '/',
  '//',
  '/jobs/',
  '/jobs/a/b',
  '/v1',
  '/%00',
  '/jobs%2f',
  '/..%2f..%2fetc',
  '/%',
  '/job',
  '/*',
];

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const weird: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...WEIRD_TEXTS, ...ADDRESSES, null, true, -1, 0, 1.5, 1e300, [], {}, [[]]),
  anyText,
  fc.jsonValue({ maxDepth: 2 }),
);
const text: fc.Arbitrary<string> = weird.map((value) =>
  typeof value === 'string' ? value : JSON.stringify(value),
);

/** Any request: mostly to documented operations, mostly with most of it right. */
export function anyRequest(
  documented: Documented,
  known: { readonly ids: readonly string[]; readonly keys: readonly string[] },
): fc.Arbitrary<FuzzRequest> {
  const authorization = fc.oneof<fc.WeightedArbitrary<Record<string, string>>[]>(
    { weight: 12, arbitrary: fc.constant({ 'x-api-key': known.keys[0] as string }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(...known.keys).map((key) => ({ authorization: `Bearer ${key}` })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Record<string, string>[]>(
        {},
        { authorization: 'Basic eDp5' },
        { 'x-api-key': 'wrong' },
      ),
    },
  );
  // Made once each: fast-check takes milliseconds to make some of them.
  const toOperation = fc.oneof(
    ...documented.operations.map((operation) => ({
      weight: Object.keys(operation.bodies).length > 0 ? 3 : 1,
      arbitrary: requestTo(operation, documented, known.ids),
    })),
  );
  const elsewhere = fc.record({
    operation: fc.constant(null),
    method: fc.constantFrom(...METHODS),
    path: fc.oneof(
      fc.constantFrom(...PATHS),
      text.map((each) => `/${encode(each)}`),
    ),
    headers: fc.constant({}),
    body: fc.constant(null),
  });
  return fc
    .tuple(
      fc.oneof({ weight: 20, arbitrary: toOperation }, { weight: 1, arbitrary: elsewhere }),
      authorization,
    )
    .map(([request, key]) => ({ ...request, headers: { ...request.headers, ...key } }));
}

function requestTo(
  operation: Operation,
  documented: Documented,
  ids: readonly string[],
): fc.Arbitrary<FuzzRequest> {
  const of = (kind: string) => operation.parameters.filter((parameter) => parameter.in === kind);
  const valueOf = (schema: Schema) =>
    fc.oneof({ weight: 6, arbitrary: valid(schema, documented).map(asText) }, { weight: 1, arbitrary: text });
  const path = fc
    .tuple(
      ...of('path').map(() =>
        fc.oneof(
          { weight: 5, arbitrary: fc.constantFrom(...ids) },
          text.filter((each) => each !== ''),
        ),
      ),
    )
    .map((values) => values.reduce((made, value) => made.replace(/\{\w+\}/, encode(value)), operation.path));
  const query = fc.tuple(
    ...of('query').map(({ name, schema }) => fc.option(valueOf(schema).map((value) => [name, value]))),
    rarely(fc.tuple(text, text).map(([name, value]) => [name, value])),
  );
  const headers = fc.tuple(
    ...of('header').map(({ name, schema }) => fc.option(valueOf(schema).map((value) => [name, value]))),
  );
  const method = fc.oneof(
    { weight: 15, arbitrary: fc.constant(operation.method) },
    fc.constantFrom(...METHODS),
  );
  return fc
    .tuple(method, path, query, headers, body(operation, documented))
    .map(([chosen, at, asked, sent, { type, bytes }]) => {
      const search = asked
        .filter((pair) => pair !== null)
        .map((pair) => pair.map((each) => encode(String(each))).join('='));
      const extra = sent
        .filter((pair) => pair !== null)
        .map(([name, value]) => [name, headerSafe(value ?? '')]);
      return {
        operation,
        method: chosen,
        path: search.length > 0 ? `${at}?${search.join('&')}` : at,
        headers: {
          ...(Object.fromEntries(extra) as Record<string, string>),
          ...(type === null ? {} : { 'content-type': type }),
        },
        body: bytes,
      };
    });
}

type Body = { readonly type: string | null; readonly bytes: Buffer | null };

function body({ bodies }: Operation, documented: Documented): fc.Arbitrary<Body> {
  const right = Object.entries(bodies).map(([type, schema]) =>
    fields(schema, documented).chain((values) => {
      const encoded =
        type === 'multipart/form-data'
          ? form(values)
          : Buffer.from(JSON.stringify(Object.fromEntries(values)));
      const sent = type === 'multipart/form-data' ? `${type}; boundary=XX` : type;
      return cut(encoded).map((bytes) => ({ type: sent, bytes }));
    }),
  );
  const wrong = fc.record({
    type: fc.option(fc.constantFrom(...CONTENT_TYPES)),
    bytes: fc.option(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        fc
          .constantFrom('{', '[]', 'null', '{"__proto__":{"a":1}}', '['.repeat(20_000), '"a"')
          .map(Buffer.from),
      ),
    ),
  });
  const none = fc.constant<Body>({ type: null, bytes: null });
  if (right.length === 0) return fc.oneof({ weight: 8, arbitrary: none }, wrong);
  return fc.oneof({ weight: 10, arbitrary: fc.oneof(...right) }, wrong, none);
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

/** Now and then a body ends early. */
const cut = (bytes: Buffer): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(bytes) },
    fc.nat(bytes.length).map((end) => bytes.subarray(0, end)),
  );

/** Values for the properties of an object: some of them, most of them right; now and then one that is not known. */
function fields(schema: Schema, documented: Documented): fc.Arbitrary<[string, unknown][]> {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  const chosen = properties.map(([name, property]) => {
    const value = fc.oneof({ weight: 12, arbitrary: valid(property, documented) }, weird);
    const isWanted =
      name === 'file' ? fc.constantFrom(true, true, true, false) : fc.nat(9).map((n) => n === 0);
    return fc.tuple(isWanted, value).map(([is, made]) => (is ? ([name, made] as [string, unknown]) : null));
  });
  const unknown = rarely(fc.tuple(anyText, weird));
  return fc
    .tuple(...chosen, unknown)
    .chain((pairs) => fc.shuffledSubarray(pairs, { minLength: pairs.length }))
    .map((pairs) => pairs.filter((pair) => pair !== null));
}

/** A value that the schema takes. */
function valid(given: Schema, documented: Documented): fc.Arbitrary<unknown> {
  const schema = documented.resolve(given);
  const { enum: choices, anyOf, type, pattern } = schema as Record<string, never>;
  if (choices !== undefined) return fc.constantFrom(...(choices as unknown[]));
  if (anyOf !== undefined) return fc.oneof(...(anyOf as Schema[]).map((each) => valid(each, documented)));
  if (schema['contentMediaType'] !== undefined) return fc.constant(Buffer.from('RIFF'));
  if (type === 'integer')
    return fc.integer({
      min: (schema['minimum'] as number | undefined) ?? 0,
      max: Number(schema['maximum'] ?? 100),
    });
  if (type === 'number') return fc.double({ min: 0, max: 1, noNaN: true });
  if (type === 'boolean') return fc.boolean();
  if (type === 'array')
    return fc.array(valid((schema['items'] ?? {}) as Schema, documented), { maxLength: 3 });
  if (type === 'object')
    return fields(schema, documented).map((pairs) => Object.fromEntries(pairs) as unknown);
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, 'u'));
  return fc.oneof(
    fc.constantFrom(...ADDRESSES, 'whisper-1', 'json', 'recording'),
    fc.string({ minLength: 1 }),
  );
}

function form(values: readonly [string, unknown][]): Buffer {
  const parts = values.map(([name, value]) => {
    const isFile = Buffer.isBuffer(value);
    const head = `--XX\r\nContent-Disposition: form-data; name="${headerSafe(name)}"${isFile ? '; filename="a.wav"' : ''}`;
    return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), isFile ? value : Buffer.from(asText(value)), CRLF]);
  });
  return Buffer.concat([...parts, Buffer.from('--XX--\r\n')]);
}
const CRLF = Buffer.from('\r\n');

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value);
const headerSafe = (value: string): string => value.replace(/[^\t\x20-\x7e]/g, '?').slice(0, 300);
/** Percent-encodes all but what stays itself; now and then nothing. */
const encode = (value: string): string => encodeURIComponent(value.toWellFormed().slice(0, 3000));
