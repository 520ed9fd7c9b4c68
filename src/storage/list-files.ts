import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileFailure, isAbsent } from './failures.ts';
import { assertPrefix } from './keys.ts';
import type { StoredObject } from './storage.ts';

/** Looks at so many files at once: enough to keep the thread pool busy, few enough to stop early. */
const BATCH = 64;

/** Files below `root` whose path from there begins with `prefix`, in the order of their keys as an object store has it. */
export function listFiles(root: string, prefix: string): AsyncGenerator<StoredObject, void> {
  assertPrefix(prefix);
  return walk(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
}

/** Null for what is no file (a folder). The inode tells a replaced file apart even within one tick of the clock. */
export function toStoredObject(key: string, found: BigIntStats): StoredObject | null {
  if (!found.isFile()) return null;
  return {
    key,
    bytes: Number(found.size),
    modifiedAt: new Date(Number(found.mtimeMs)),
    generation: `${found.ino.toString(36)}-${found.mtimeNs.toString(36)}-${found.size.toString(36)}`,
  };
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<StoredObject, void> {
  const keys = await keysIn(root, folder, prefix);
  for (let first = 0; first < keys.length; first += BATCH) {
    const batch = keys.slice(first, first + BATCH);
    const found = await Promise.all(batch.map((key) => (key.endsWith('/') ? null : look(root, key))));
    for (const [index, key] of batch.entries()) {
      if (key.endsWith('/')) yield* walk(root, key, prefix);
      else if (found[index]) yield found[index];
    }
  }
}

/** Keys of the files in `folder` and, with a '/', of the folders in it. Sorted so, `a-b` comes before `a/b` as it does in a bucket. */
async function keysIn(root: string, folder: string, prefix: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    return entries
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
      .filter((key) => key.startsWith(prefix))
      .sort((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw fileFailure(error, 'list', prefix);
  }
}

async function look(root: string, key: string): Promise<StoredObject | null> {
  try {
    return toStoredObject(key, await stat(join(root, key), { bigint: true }));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw fileFailure(error, 'list', key);
  }
}
