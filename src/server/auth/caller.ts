import { EarshotError } from '../../errors.ts';
import { NO_QUOTA, type Quota } from '../../jobs/quota.ts';

/** What a caller may do: hand in jobs, see them, train voice models, and (`admin`) all that with everybody's jobs. */
export const SCOPES = ['submit', 'read', 'admin', 'train'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who sent a request, as far as the server is concerned. */
export interface Caller {
  /** Of the key or the token's subject; limits count by it and logs name it. Never secret. */
  readonly id: string;
  /** Whom jobs belong to. Several keys have one owner while they are rotated. */
  readonly owner: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Requests a minute, or null without a limit. */
  readonly ratePerMinute: number | null;
  readonly quota: Quota;
}

/** Owner of what a server without keys, or with the single key, does: the one who runs it. */
const OPERATOR = 'local';

/** The caller of a server on this machine that has no key: whoever can log in here. */
export const LOCAL_CALLER: Caller = operator('anonymous');

/** The operator under some id: everything is allowed and nothing counted. */
export function operator(id: string): Caller {
  return { id, owner: OPERATOR, scopes: new Set(SCOPES), ratePerMinute: null, quota: NO_QUOTA };
}

/** Whether the caller may use `scope`; `admin` includes the others. */
export function hasScope(caller: Caller, scope: Scope): boolean {
  return caller.scopes.has(scope) || caller.scopes.has('admin');
}

/** Throws `forbidden` unless the caller may use `scope`. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (hasScope(caller, scope)) return;
  const has = [...caller.scopes].join(', ') || 'none';
  throw new EarshotError('forbidden', `this needs the scope ${scope}; the key has ${has}`, {
    hint: `use a key that has the scope ${scope}`,
  });
}

/** Whether the caller may see and change what belongs to `owner`. Without that it does not even exist for the caller (404). */
export function maySee(caller: Caller, owner: string): boolean {
  return caller.owner === owner || caller.scopes.has('admin');
}
