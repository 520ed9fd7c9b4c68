import assert from 'node:assert/strict';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export type Schema = Readonly<Record<string, unknown>>;
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { name: string; in: 'path' | 'query' | 'header'; schema: Schema }[];
  /** By content type. */
  readonly bodies: Readonly<Record<string, Schema>>;
}
/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An OpenAPI document, and whether answers are as it says. */
export class Documented {
  readonly operations: readonly Operation[];
  readonly #document: Schema;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });

  constructor(document: Schema) {
    this.#document = document;
    this.#ajv.addSchema(document, 'document');
    this.operations = Object.entries(this.#at('paths') as Record<string, Record<string, Schema>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({
          method: method.toUpperCase(),
          path,
          parameters: ((operation['parameters'] ?? []) as Schema[]).map(
            (each) => this.resolve(each) as unknown as Operation['parameters'][number],
          ),
          bodies: Object.fromEntries(
            Object.entries(
              ((operation['requestBody'] as Schema | undefined)?.['content'] ?? {}) as Record<string, Schema>,
            ).map(([type, { schema }]) => [type, this.resolve(schema as Schema)]),
          ),
        })),
    );
  }

  /** The methods that a documented path has. */
  methodsOf(path: string): string[] {
    const found = this.operations.filter((operation) => operation.path === path);
    const head = found.some(({ method }) => method === 'GET') ? ['HEAD'] : [];
    return [...found.map(({ method }) => method), ...head].sort();
  }

  resolve(schema: Schema): Schema {
    const ref = schema['$ref'];
    return typeof ref === 'string' ? this.resolve(this.#at(...ref.slice(2).split('/')) as Schema) : schema;
  }

  /** Fails unless the operation documents this status, content type and body. */
  check({ method, path }: Pick<Operation, 'method' | 'path'>, { status, headers, body }: Answer): void {
    const operation = this.#at('paths', path, method.toLowerCase()) as Schema;
    const responses = operation['responses'] as Record<string, Schema>;
    const found = responses[String(status)];
    assert.ok(found, `${method} ${path} does not document ${status}: ${body.slice(0, 300)}`);
    const content = this.resolve(found)['content'] as Record<string, Schema> | undefined;
    if (content === undefined) return assert.equal(body, '');
    const type = String(headers['content-type']).split(';')[0] as string;
    assert.ok(type in content, `${method} ${path} ${status} does not document ${type}`);
    const schema = content[type]?.['schema'] as Schema | undefined;
    if (schema === undefined || type !== 'application/json') return;
    this.#validate(schema, body);
  }

  /** Fails unless the body is an error as the document describes it. */
  checkError(body: string): void {
    this.#validate({ $ref: '#/components/schemas/Error' }, body);
  }

  readonly #compiled = new Map<string, ValidateFunction>();
  #validate(schema: Schema, body: string): void {
    const text = JSON.stringify(schema).replaceAll('"#/', '"document#/');
    const validate = this.#compiled.get(text) ?? this.#ajv.compile(JSON.parse(text) as Schema);
    this.#compiled.set(text, validate);
    assert.ok(
      validate(JSON.parse(body)),
      `${this.#ajv.errorsText(validate.errors)} in ${body.slice(0, 1000)}`,
    );
  }

  #at(...keys: string[]): unknown {
    return keys.reduce<unknown>((value, key) => (value as Schema)[key], this.#document);
  }
}
