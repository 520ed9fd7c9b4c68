import { access, mkdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EarshotError } from '../../errors.ts';
import { createKey, parseKeysFile, type KeyRow } from '../../server/auth/keys-file.ts';
import { atomicWrite } from '../../util/atomic-write.ts';
import { acquireLock } from '../../util/lock.ts';
import type { Context, Run } from '../command.ts';
import { table } from '../table.ts';
import { actionOf, type Actions } from '../action.ts';

/** keys create --id ID | list | revoke ID… */
export const keysCommand: Run = (context) => {
  const [action, ids] = actionOf('keys', ACTIONS, context.args);
  return action(ids, context);
};

/** Prints the key, which is kept nowhere; the file gets its hash. */
const create: Actions[string] = async (args, context) => {
  const { settings, terminal } = context;
  const { id, owner, scopes } = settings;
  if (id === null || args.length > 0)
    throw new EarshotError('usage', 'expected a name for the key', { hint: 'earshot keys create --id NAME' });
  const path = fileOf(context);
  const { key, row } = createKey({ id, owner: owner ?? id, scopes });
  await change(path, (rows) => {
    if (rows.some((each) => each.id === id))
      throw new EarshotError('usage', `${path} already has a key "${id}"`, {
        hint: 'choose another --id; the old key can be revoked once nobody uses it',
      });
    return [...rows, row];
  });
  await terminal.result(settings.json ? `${JSON.stringify({ ...publicRow(row), key })}\n` : `${key}\n`);
  terminal.note(`this is the only time it is shown; ${path} has its hash`);
  return 0;
};

const list: Actions[string] = async (_ids, context) => {
  const { settings, terminal } = context;
  const rows = await readRows(fileOf(context));
  if (settings.json) for (const row of rows) await terminal.result(`${JSON.stringify(publicRow(row))}\n`);
  else {
    const cells = rows.map(({ id, owner, scopes, expires_at: end }) => [
      id,
      owner,
      scopes.join(', '),
      end ?? 'never',
    ]);
    await terminal.result(table(['id', 'owner', 'scopes', 'expires'], cells));
  }
  return 0;
};

const revoke: Actions[string] = async (ids, context) => {
  if (ids.length === 0)
    throw new EarshotError('usage', 'expected ids of keys to revoke', {
      hint: 'earshot keys list shows them',
    });
  const path = fileOf(context);
  await change(path, (rows) => {
    const unknown = ids.filter((id) => rows.every((row) => row.id !== id));
    if (unknown.length > 0)
      throw new EarshotError('usage', `${path} has no key ${unknown.map((id) => `"${id}"`).join(', ')}`, {
        hint: 'earshot keys list shows them',
      });
    return rows.filter((row) => !ids.includes(row.id));
  });
  for (const id of ids)
    await context.terminal.result(
      context.settings.json ? `${JSON.stringify({ id, revoked: true })}\n` : `${id}: revoked\n`,
    );
  return 0;
};

const ACTIONS: Actions = { create, list, revoke };

function fileOf({ settings, cwd }: Context): string {
  const path = settings.file ?? settings.keysFile;
  if (path !== null) return resolve(cwd, path);
  throw new EarshotError('usage', 'expected the keys file', { hint: 'name it with --file keys.json' });
}

/** One change at a time, written whole. A file with mistakes is left as it is. */
async function change(path: string, changed: (rows: readonly KeyRow[]) => readonly KeyRow[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const lock = await acquireLock(`${path}.lock`, path);
  try {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    const keys = changed(there ? await readRows(path) : []);
    await atomicWrite(path, `${JSON.stringify({ keys }, null, 2)}\n`);
  } finally {
    await lock.release();
  }
}

async function readRows(path: string): Promise<readonly KeyRow[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new EarshotError('config_invalid', `the keys file ${path} cannot be read: ${cause.code}`, {
      cause,
    });
  });
  parseKeysFile(text, path);
  return (JSON.parse(text.replace(/^\uFEFF/, '')) as { keys: KeyRow[] }).keys;
}

/** What may be shown of a key; not even its hash is of use to anybody. */
const publicRow = ({ sha256: _, ...row }: KeyRow): Omit<KeyRow, 'sha256'> => row;
