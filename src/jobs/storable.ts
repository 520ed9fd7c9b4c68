import type { Json } from './job.ts';

/**
 * JSON text that PostgreSQL takes as jsonb: NUL and halves of surrogate pairs, which it refuses, become U+FFFD.
 * `undefined` is left out as JSON does.
 */
export function toJsonb(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'string' ? each.toWellFormed().replaceAll('\0', '\uFFFD') : each,
  );
}

/** The same value as it will come back. */
export function asStored(value: unknown): Json {
  return JSON.parse(toJsonb(value)) as Json;
}
