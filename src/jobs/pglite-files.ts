import { closeSync, existsSync, fdatasyncSync, fsyncSync, openSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PGlite, PGliteOptions } from '@electric-sql/pglite';
import { syncFolder } from '../util/atomic-write.ts';

/** The part of Emscripten's NODEFS that is used here; `nfd` is the file's number, and missing for a folder. */
interface NodeFiles {
  readonly stream_ops: { fsync?: (stream: { readonly nfd?: number; readonly node: object }) => number };
  realPath(node: object): string;
  /** Runs it, and turns an error of Node into one that the engine understands. */
  tryFSOperation(work: () => void): void;
}

/** Of PostgreSQL's ways to sync its log Emscripten has this one. */
const FSYNC = { fsync: 'on', wal_sync_method: 'fsync' };
/** PGlite's own parameter for going without. */
const NO_FSYNC = '-F';

/**
 * Opens the database in `folder`, making it when missing, with the fsync that PGlite's own file system leaves out: what
 * has been committed is on the disk. A new one is made beside and then renamed, so that a start that was killed leaves
 * no half of one.
 */
export async function openFiles(folder: string, settings: Readonly<Record<string, string>>): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite');
  const { NodeFS } = await import('@electric-sql/pglite/nodefs');
  const startParams = [
    ...PGlite.defaultStartParams.filter((param) => param !== NO_FSYNC),
    ...Object.entries({ ...FSYNC, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];

  class DurableFiles extends NodeFS {
    override async init(...given: Parameters<InstanceType<typeof NodeFS>['init']>) {
      const { emscriptenOpts } = await super.init(...given);
      const preRun = [emscriptenOpts.preRun ?? []].flat();
      const sync = (module: object): void => addFsync((module as { NODEFS: NodeFiles }).NODEFS);
      return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, sync] } };
    }
  }
  const create = (at: string): Promise<PGlite> =>
    PGlite.create({ fs: new DurableFiles(at), startParams } satisfies PGliteOptions);

  if (!existsSync(folder)) {
    const beside = `${folder}.new`;
    await rm(beside, { recursive: true, force: true }); // of a start that was killed
    await (await create(beside)).close();
    await syncAll(beside);
    await rename(beside, folder);
    await syncFolder(dirname(folder));
  }
  return create(folder);
}

/** Emscripten calls this where there is one, and takes the sync for done where there is none. A failed one is a PANIC. */
function addFsync(files: NodeFiles): void {
  const sync = ({ nfd, node }: { readonly nfd?: number; readonly node: object }): void => {
    if (nfd !== undefined)
      fdatasyncSync(nfd); // times of files are nobody's loss, and cost a commit of the file system
    else {
      const opened = openSync(files.realPath(node), 'r');
      try {
        fsyncSync(opened);
      } finally {
        closeSync(opened);
      }
    }
  };
  files.stream_ops.fsync = (stream) => {
    files.tryFSOperation(() => sync(stream));
    return 0;
  };
}

async function syncAll(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  // One by one: there are a thousand, and a process may have fewer open.
  for (const entry of entries) await (entry.isDirectory() ? syncAll : syncFile)(join(folder, entry.name));
  await syncFolder(folder);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
