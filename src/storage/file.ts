import { randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { EarshotError } from '../errors.ts';
import { syncFolder } from '../util/atomic-write.ts';
import { DurableFolders } from './durable-folders.ts';
import { absent, fileFailure, isAbsent } from './failures.ts';
import { Incoming } from './incoming.ts';
import { assertFolderPrefix, assertKey, assertRange } from './keys.ts';
import { listFiles, toStoredObject } from './list-files.ts';
import type { ByteRange, PutOptions, Storage, StoredObject, Written } from './storage.ts';

/** Beside the keys' folders and on their file system; no key begins with a dot. */
const TEMPORARY = '.temporary';

/** Opens a folder as storage, making it when missing, for this user alone. Rejects `storage_unavailable` where it cannot be written. */
export async function openFileStorage(folder: string): Promise<Storage> {
  const root = resolve(folder);
  try {
    await makeFolder(join(root, TEMPORARY));
    const probe = join(root, TEMPORARY, `${randomBytes(8).toString('hex')}.probe`);
    await (await open(probe, 'wx', 0o600)).close();
    await unlink(probe);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new EarshotError('storage_unavailable', `cannot use ${root} as storage: ${why}`, {
      hint: 'name a folder that the user Earshot runs as may write to, on a disk with space left',
      cause,
    });
  }
  return new FileStorage(root);
}

/**
 * Objects are files of their keys' names. A put writes a file of our own name in `.temporary`, syncs it, renames it and
 * syncs the folder: a killed put leaves something there and nowhere else.
 */
class FileStorage implements Storage {
  readonly url: string;
  readonly #root: string;
  readonly #folders: DurableFolders;

  constructor(root: string) {
    this.url = pathToFileURL(root).href;
    this.#root = root;
    this.#folders = new DurableFolders(root);
  }

  async put(key: string, data: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<Written> {
    const target = this.#path(key);
    const incoming = new Incoming(data, options);
    const temporary = this.#temporary();
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(incoming);
        await file.datasync();
      } finally {
        await file.close();
      }
      options.signal?.throwIfAborted();
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      if (incoming.failure !== null) throw incoming.failure.error;
      options.signal?.throwIfAborted();
      throw fileFailure(error, 'write', key);
    }
    await this.#place(temporary, target, key);
    return incoming.written();
  }

  async adopt(key: string, path: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const target = this.#path(key);
    options.signal?.throwIfAborted();
    try {
      const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
      try {
        await file.chmod(0o600);
        await file.datasync();
      } finally {
        await file.close();
      }
      await this.#folders.place(path, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EXDEV') {
        await this.put(key, createReadStream(path), options);
        return rm(path, { force: true });
      }
      if (isAbsent(error) && (await stat(path).catch(() => null)) === null)
        throw new EarshotError('not_found', 'the file to be brought into the storage does not exist', {
          cause: error,
        });
      throw fileFailure(error, 'write', key);
    }
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    assertRange(range);
    const { start = 0, end = Infinity } = range ?? {};
    const path = this.#path(key);
    const file = await open(path, 'r').catch((error: unknown) => {
      throw isAbsent(error) ? absent(key, error) : fileFailure(error, 'read', key);
    });
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw absent(key);
    }
    if (end > start) return file.createReadStream({ start, end: end - 1, highWaterMark: 1 << 18 });
    await file.close();
    return Readable.from([]);
  }

  async stat(key: string): Promise<StoredObject | null> {
    try {
      return toStoredObject(key, await stat(this.#path(key), { bigint: true }));
    } catch (error) {
      if (isAbsent(error)) return null;
      throw fileFailure(error, 'read', key);
    }
  }

  list(prefix: string): AsyncIterable<StoredObject> {
    return listFiles(this.#root, prefix);
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await unlink(path);
    } catch (error) {
      if (isAbsent(error)) return;
      if ((await stat(path).catch(() => null))?.isDirectory()) return; // EPERM on some systems
      throw fileFailure(error, 'remove', key);
    }
    await this.#removeEmpty(dirname(path));
  }

  async removeAll(prefix: string): Promise<void> {
    assertFolderPrefix(prefix);
    const folder = this.#path(prefix.slice(0, -1));
    const doomed = this.#temporary();
    try {
      // All at once for everybody else; what a kill leaves of it is swept.
      await rename(folder + sep, doomed); // with the separator an object of that name is left alone
      this.#folders.forget(folder);
      await this.#removeEmpty(dirname(folder));
      await rm(doomed, { recursive: true, force: true });
    } catch (error) {
      if (!isAbsent(error)) throw fileFailure(error, 'remove', prefix);
    }
  }

  async toLocal(key: string): Promise<string> {
    if ((await this.stat(key)) === null) throw absent(key);
    return this.#path(key);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#root).catch((error: unknown) => {
      throw fileFailure(error, 'read', 'the free space');
    });
    return bavail * bsize;
  }

  async sweepTemporary(olderThanMs: number): Promise<number> {
    const before = Date.now() - olderThanMs;
    let swept = 0;
    for (const name of await readdir(join(this.#root, TEMPORARY))) {
      const path = join(this.#root, TEMPORARY, name);
      const found = await stat(path).catch(() => null);
      if (found === null || found.mtimeMs > before) continue;
      await rm(path, { recursive: true, force: true });
      swept++;
    }
    return swept;
  }

  async close(): Promise<void> {
    // Nothing is held between calls.
  }

  async #place(from: string, to: string, key: string): Promise<void> {
    try {
      await this.#folders.place(from, to);
    } catch (error) {
      await rm(from, { force: true }).catch(() => undefined);
      throw fileFailure(error, 'write', key);
    }
  }

  /** Removes the folder and those above it while they are empty, and has the disk take it. A put that wants one meanwhile makes it anew. */
  async #removeEmpty(folder: string): Promise<void> {
    while (folder !== this.#root) {
      const removed = await rmdir(folder).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
      );
      if (!removed) break;
      this.#folders.forget(folder);
      folder = dirname(folder);
    }
    await this.#folders.sync(folder);
  }

  #path(key: string): string {
    assertKey(key);
    return join(this.#root, ...key.split('/'));
  }

  #temporary(): string {
    return join(this.#root, TEMPORARY, `${process.pid}-${randomBytes(8).toString('hex')}`);
  }
}

/** mkdir -p that survives a power cut. Node's own never ends where a parent exists and yet refuses with ENOENT (as in /proc). */
async function makeFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => null);
  if (there?.isDirectory()) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || there !== null) throw error; // made by another process meanwhile: fine
  });
  await syncFolder(dirname(folder));
}
