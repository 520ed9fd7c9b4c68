import { z } from 'zod';
import { errorSchema } from './errors.ts';
import { documentedErrors, ERROR_RESPONSES } from './openapi-errors.ts';
import type { BodySpec, ResponseSpec, RouteSpec } from './route.ts';

/** JSON of some shape; what makes it an OpenAPI document is checked by a linter in the tests. */
export type JsonValue = { readonly [key: string]: unknown };

const TAGS: Readonly<Record<RouteSpec['tag'], string>> = {
  Jobs: 'Hand in recordings, watch the work, fetch the results. The native API.',
  Uploads: 'Resumable uploads (tus 1.0); a finished one is named in `upload_id`.',
  OpenAI: "OpenAI's audio API: their clients work with another base URL and nothing else.",
  Compatible: 'The routes of other services, thin over the same jobs.',
  Server: 'How the server is.',
};

const DESCRIPTION = `Recordings in, speaker-attributed transcripts out.

Every answer has an \`x-request-id\`. Errors have one shape, and a code that Earshot's reference explains (errors.md): 400 is for
a request that cannot be read, 422 for a field or parameter that is wrong (OpenAI's routes say 400 there, as OpenAI does).
A path that exists answers 405 with \`Allow\` to any other method; one that does not, 404. What answers GET answers HEAD
alike, without the body. A server without keys asks for none, and answers this machine only.`;

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly RouteSpec[], version: string): JsonValue {
  const components = new Components();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes)
    (paths[pathOf(route)] ??= {})[route.method.toLowerCase()] = operation(route, components);
  const used = new Set(routes.map(({ tag }) => tag));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Earshot',
      version,
      summary: 'Who said what, when and how.',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This server.' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: Object.entries(TAGS)
      .filter(([name]) => used.has(name as RouteSpec['tag']))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or an OpenID Connect token.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      ...components.all(),
    },
  };
}

/** `/jobs/:id` -> `/jobs/{id}`, `/v1/models/*` -> `/v1/models/{id}`. */
export function pathOf({ path }: RouteSpec): string {
  return path.replace(/:(\w+)/g, '{$1}').replace('*', `{${WILDCARD}}`);
}

/** What `*` is called in the document. */
const WILDCARD = 'id';

function operation(route: RouteSpec, components: Components): JsonValue {
  const parameters = [
    ...[...route.path.matchAll(/:(\w+)|\*/g)].map(([found, name]) => pathParameter(route, name ?? found)),
    ...queryParameters(route),
    ...Object.entries(route.headers ?? {}).map(([name, { description, required = false }]) => ({
      name,
      in: 'header',
      description,
      required,
      schema: { type: 'string' },
    })),
  ].map((parameter) => components.parameter(parameter));
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.scope === null
      ? { security: [] }
      : { description: `Needs the scope \`${route.scope}\` where the server has keys.` }),
    tags: [route.tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: requestBody(route.body, components) } : {}),
    responses: {
      ...Object.fromEntries(
        documentedErrors(route).map((status) => [String(status), components.error(status)]),
      ),
      ...Object.fromEntries(
        Object.entries(route.responses).map(([status, spec]) => [status, response(spec, components)]),
      ),
    },
  };
}

/** POST /jobs/:id/retry -> postJobsIdRetry */
function operationId({ method, path }: RouteSpec): string {
  const words = path
    .replace('*', WILDCARD)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}

function pathParameter({ params }: RouteSpec, name: string): JsonValue {
  const { description, ...schema } = schemaOf(params?.[name] ?? z.string(), 'input').json;
  const shown = name === '*' ? WILDCARD : name;
  return { name: shown, in: 'path', required: true, ...(description ? { description } : {}), schema };
}

function queryParameters({ query }: RouteSpec): JsonValue[] {
  return Object.entries(query?.shape ?? {}).map(([name, type]) => {
    const { description, ...schema } = schemaOf(type, 'output').json;
    const required = !(type as z.ZodType).safeParse(undefined).success;
    return { name, in: 'query', required, ...(description ? { description } : {}), schema };
  });
}

function requestBody(body: NonNullable<RouteSpec['body']>, components: Components): JsonValue {
  const content = Object.entries(body).map(([type, spec]) => [
    type,
    { schema: bodySchema(spec, components) },
  ]);
  return { required: true, content: Object.fromEntries(content) as unknown };
}

/** Files of a form are bytes of any kind, as OpenAPI 3.1 says it. */
function bodySchema({ schema, files = [] }: BodySpec, components: Components): JsonValue {
  const json = components.schema(schema, 'input');
  if (files.length === 0) return json;
  const file = { type: 'string', contentMediaType: 'application/octet-stream' };
  const properties = Object.fromEntries(files.map((name) => [name, file]));
  return { ...json, properties: { ...properties, ...(json['properties'] as object | undefined) } };
}

function response(spec: ResponseSpec, components: Components): JsonValue {
  const content = Object.entries(spec.content ?? {}).map(([type, schema]) => [
    type,
    schema === null ? {} : { schema: components.schema(schema, 'output') },
  ]);
  const headers = Object.entries(spec.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    description: spec.description,
    headers: { 'x-request-id': REQUEST_ID, ...(Object.fromEntries(headers) as object) },
    ...(content.length > 0 ? { content: Object.fromEntries(content) as unknown } : {}),
  };
}

const REQUEST_ID = { $ref: '#/components/headers/RequestId' };

/** By format: what browsers of the document make up from a pattern looks like nothing. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00.000Z',
  uuid: '6f0e5a5c-2f43-4c8e-9d55-1f1b0a4f7f10',
};

/** JSON Schema of a zod schema, and of those inside it that have an id. */
function schemaOf(
  schema: z.core.$ZodType,
  io: 'input' | 'output',
): { json: JsonValue; named: Record<string, unknown> } {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ jsonSchema }) {
      // What JavaScript can count to says nothing about the API.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      const example = EXAMPLES[jsonSchema.format ?? ''];
      if (example !== undefined) jsonSchema.examples = [example];
    },
  });
  const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $schema: _, $defs: named = {}, ...json } = JSON.parse(text) as JsonValue;
  return { json, named: named as Record<string, unknown> };
}

/** What several operations share. */
class Components {
  readonly #schemas: Record<string, unknown> = {};
  readonly #parameters: Record<string, JsonValue> = {};
  readonly #responses: Record<string, JsonValue> = {};

  /** The schema, or a reference where it has an id. */
  schema(schema: z.core.$ZodType, io: 'input' | 'output'): JsonValue {
    const { json, named } = schemaOf(schema, io);
    Object.assign(this.#schemas, named);
    return json;
  }

  parameter(parameter: JsonValue): JsonValue {
    const kind = String(parameter['in']);
    const stem = `${kind[0]?.toUpperCase()}${kind.slice(1)}-${String(parameter['name'])}`.replace(
      /[^\w-]/g,
      '',
    );
    for (let i = 1; ; i++) {
      const name = i === 1 ? stem : `${stem}-${i}`;
      const known = this.#parameters[name];
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(parameter)) continue;
      this.#parameters[name] = parameter;
      return { $ref: `#/components/parameters/${name}` };
    }
  }

  error(status: number): JsonValue {
    const { name, description, headers = {} } = ERROR_RESPONSES[status] as (typeof ERROR_RESPONSES)[number];
    this.#responses[name] ??= response(
      { description, headers, content: { 'application/json': errorSchema } },
      this,
    );
    return { $ref: `#/components/responses/${name}` };
  }

  all(): JsonValue {
    return {
      schemas: this.#schemas,
      parameters: this.#parameters,
      responses: this.#responses,
      headers: {
        RequestId: { description: 'Names this answer in the log of the server.', schema: { type: 'string' } },
      },
    };
  }
}
