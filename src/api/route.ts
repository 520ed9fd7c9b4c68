import type { z } from 'zod';

/** Every route is one value: the server registers it, /openapi.json is made from it. It cannot answer what it does not say. */
export interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'HEAD' | 'DELETE' | 'OPTIONS';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly tag: 'Jobs' | 'Uploads' | 'OpenAI' | 'Compatible' | 'Server';
  /** What the caller's key must allow; null: everybody may. */
  readonly scope: 'submit' | 'read' | 'admin' | 'train' | null;
  /** By name in the path, what each parameter is. `*` in a path is the parameter `*`. */
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly required?: boolean }>>;
  /** By content type. */
  readonly body?: Readonly<Record<string, BodySpec>>;
  /** By status, beside the errors that every route may answer. */
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Statuses of errors that this route may answer beside those that follow from its method, scope and query. */
  readonly errors?: readonly number[];
}

export interface BodySpec {
  readonly schema: z.ZodType;
  /** Fields of a form that hold a file. */
  readonly files?: readonly string[];
}

export interface ResponseSpec {
  readonly description: string;
  /** What each header says, beside x-request-id. */
  readonly headers?: Readonly<Record<string, string>>;
  /** By content type; absent: an empty body. */
  readonly content?: Readonly<Record<string, z.ZodType | null>>;
}
