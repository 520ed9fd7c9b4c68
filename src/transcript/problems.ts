import type { z } from 'zod';

/** So many are told; whoever gave the wrong file needs no more, whoever edited one by hand goes on from there. */
const SHOWN = 3;

/**
 * What is wrong with a JSON document, in words: "segments[0].start: expected number, it is missing", the first three and
 * how many more there are. `json` is what the schema was given.
 */
export function problemsOf(error: z.ZodError, json: unknown): string {
  const problems = error.issues.map((issue) => `${placeOf(issue.path)}${wordsOf(issue, json)}`);
  const more = problems.length - SHOWN;
  return [...problems.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return place === '' ? '' : `${place.replace(/^\./, '')}: `;
}

function wordsOf(issue: z.core.$ZodIssue, json: unknown): string {
  const given = valueAt(json, issue.path);
  if (issue.code === 'unrecognized_keys')
    return `has unknown ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  if (issue.code === 'invalid_value')
    return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}, ${shown(given)}`;
  if (issue.code === 'invalid_type') return `expected ${issue.expected}, ${shown(given)}`;
  return `${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}, ${shown(given)}`;
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], json);
}

/** Short values as they are, long ones by their kind. */
function shown(value: unknown): string {
  if (value === undefined) return 'it is missing';
  if (Array.isArray(value)) return 'got a list';
  if (value !== null && typeof value === 'object') return 'got an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? 'got a long text' : `got ${text}`;
}
