import { mkdir, rename } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { syncFolder } from '../util/atomic-write.ts';

/** Folders that are remembered; forgotten all at once beyond this. */
const MOST_KNOWN = 10_000;
/** A folder can be removed between its making and the rename into it; so often in a row only by a defect. */
const TRIES = 20;

/**
 * Renames within one root so that they survive a power cut, at the price of few fsyncs: those of one folder that are
 * asked for while one runs share the next, and the folders above are synced only until they are known to be on disk.
 */
export class DurableFolders {
  readonly #root: string;
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();
  /** Whether a folder's own entry in the folder above is on disk. */
  readonly #entries = new Map<string, { onDisk: boolean }>();

  /** `root` exists and is on disk. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Renames a file to `to`, below the root, making its folders when missing. */
  async place(from: string, to: string): Promise<void> {
    const folder = dirname(to);
    for (let attempt = 1; ; attempt++) {
      try {
        if (!this.#entries.has(folder)) await mkdir(folder, { recursive: true, mode: 0o700 });
        await rename(from, to);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === TRIES) throw error;
        this.forget(folder);
      }
    }
    await Promise.all([this.sync(folder), this.#syncEntry(folder)]);
  }

  /** Resolves when all that changed in the folder before this call is on disk, or the folder is gone. */
  sync(folder: string): Promise<void> {
    const running = this.#running.get(folder);
    if (running === undefined) return this.#start(folder);
    let next = this.#next.get(folder);
    if (next === undefined) {
      // The one that runs may have begun before the caller's change.
      next = running.then(() => {
        this.#next.delete(folder);
        return this.#start(folder);
      });
      this.#next.set(folder, next);
    }
    return next;
  }

  /** To be called before a folder is made and after it is removed: about it, and those in it, nothing is known. */
  forget(folder: string): void {
    if (!this.#entries.has(folder)) return; // who is not known has no known children: those above are known with each
    for (const known of this.#entries.keys())
      if (known === folder || known.startsWith(folder + sep)) this.#entries.delete(known);
  }

  #start(folder: string): Promise<void> {
    const work = syncFolder(folder).finally(() => this.#running.delete(folder));
    this.#running.set(folder, work);
    return work;
  }

  async #syncEntry(folder: string): Promise<void> {
    if (folder === this.#root) return;
    let entry = this.#entries.get(folder);
    if (entry?.onDisk === true) return;
    if (entry === undefined) {
      if (this.#entries.size >= MOST_KNOWN) this.#entries.clear();
      this.#entries.set(folder, (entry = { onDisk: false }));
    }
    const parent = dirname(folder);
    await Promise.all([this.sync(parent), this.#syncEntry(parent)]);
    entry.onDisk = true; // of no effect where the folder was forgotten meanwhile
  }
}
