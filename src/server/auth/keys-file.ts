import { z } from 'zod';
import { EarshotError } from '../../errors.ts';
import { createApiKey, hashKey } from './api-key.ts';
import { type Caller, SCOPES, type Scope } from './caller.ts';

/** A key that the server knows: the hash of it, and who calls with it. */
export interface KnownKey {
  readonly hash: Buffer;
  readonly caller: Caller;
  /** Milliseconds since the epoch from which on it is refused; null: never. */
  readonly expiresAt: number | null;
}

/** A row of the keys file, as it stands there. */
export type KeyRow = z.input<typeof rowSchema>;

/** Ids that the server gives out itself. */
export const SINGLE_KEY_ID = 'api-key';
const RESERVED_IDS: readonly string[] = [SINGLE_KEY_ID, 'anonymous'];

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'expected 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first',
  );
const limit = z.number().int().min(1).nullish();

const rowSchema = z.strictObject({
  id: name.refine((id) => !RESERVED_IDS.includes(id), 'this id is taken by the server itself'),
  owner: name,
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, 'expected the sha256 of the key as 64 hexadecimal digits'),
  scopes: z.array(z.enum(SCOPES)).min(1),
  rate_per_minute: limit,
  max_queued_jobs: limit,
  max_stored_bytes: limit,
  expires_at: z.iso.datetime({ offset: true }).nullish(),
});

const fileSchema = z.strictObject({ keys: z.array(rowSchema) });

/** The keys in the text of a keys file; `path` is used in messages. Throws `config_invalid`, naming every mistake. */
export function parseKeysFile(text: string, path: string): readonly KnownKey[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's own words may quote the text; a key pasted there by mistake must not get into a log.
    throw invalid(path, 'it is not JSON');
  }
  const parsed = fileSchema.safeParse(json);
  const mistakes = [
    ...(parsed.error?.issues ?? []).map(({ path: at, message }) => `${place(at)}: ${message}`),
    ...repeated(json, 'id'),
    ...repeated(json, 'sha256'),
  ];
  if (!parsed.success || mistakes.length > 0) throw invalid(path, mistakes.join('; '));
  return parsed.data.keys.map(toKnownKey);
}

/** Makes a key, and the row to put into the keys file. The key itself is kept nowhere: show it now. */
export function createKey(options: {
  readonly id: string;
  readonly owner: string;
  readonly scopes: readonly Scope[];
  readonly ratePerMinute?: number | null;
  readonly maxQueuedJobs?: number | null;
  readonly maxStoredBytes?: number | null;
  readonly expiresAt?: Date | null;
}): { readonly key: string; readonly row: KeyRow } {
  const key = createApiKey();
  const row: KeyRow = {
    id: options.id,
    owner: options.owner,
    sha256: hashKey(key).toString('hex'),
    scopes: [...options.scopes],
    rate_per_minute: options.ratePerMinute ?? null,
    max_queued_jobs: options.maxQueuedJobs ?? null,
    max_stored_bytes: options.maxStoredBytes ?? null,
    expires_at: options.expiresAt?.toISOString() ?? null,
  };
  parseKeysFile(JSON.stringify({ keys: [row] }), 'the new key');
  return { key, row };
}

function toKnownKey(row: z.output<typeof rowSchema>): KnownKey {
  return {
    hash: Buffer.from(row.sha256, 'hex'),
    caller: {
      id: row.id,
      owner: row.owner,
      scopes: new Set(row.scopes),
      ratePerMinute: row.rate_per_minute ?? null,
      quota: { maxQueuedJobs: row.max_queued_jobs ?? null, maxStoredBytes: row.max_stored_bytes ?? null },
    },
    expiresAt: row.expires_at ? Date.parse(row.expires_at) : null,
  };
}

/** Rows whose `field` an earlier row has, looked for apart from the schema so that all mistakes are told together. */
function repeated(json: unknown, field: 'id' | 'sha256'): string[] {
  const rows = (json as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(rows)) return [];
  const first = new Map<string, number>();
  return rows.flatMap((row: unknown, index) => {
    const value = (row as Record<string, unknown> | null)?.[field];
    if (typeof value !== 'string') return [];
    const earlier = first.get(value.toLowerCase());
    if (earlier !== undefined) return [`keys[${index}].${field}: keys[${earlier}] has the same`];
    first.set(value.toLowerCase(), index);
    return [];
  });
}

/** ["keys", 0, "sha256"] -> "keys[0].sha256" */
const place = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('') || 'the file';

const invalid = (path: string, why: string): EarshotError =>
  new EarshotError('config_invalid', `the keys in ${path} cannot be used: ${why}`, {
    hint: 'expected {"keys": [{"id", "owner", "sha256", "scopes", …}]}',
  });
