import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { atomicWrite } from '../../util/atomic-write.ts';
import { sweepTemporary } from '../../util/temporary-file.ts';

const recordSchema = z.object({
  owner: z.string(),
  /** null: the client has not said yet. */
  size: z.number().nullable(),
  /** As the client gave it; only shown. */
  metadata: z.record(z.string(), z.string().nullable()).nullable(),
  /** Of the whole, once it has been found out. */
  sha256: z.string().nullable(),
  /** Its bytes have begun to move into the storage, as the source of the job that has the upload's id. */
  isTaken: z.boolean(),
  /** The job that was made of it. */
  jobId: z.string().nullable(),
});

/** What is kept of an upload beside its bytes. */
export type UploadRecord = z.infer<typeof recordSchema>;

/** An upload as it is on disk. */
export interface UploadState extends UploadRecord {
  /** Bytes that have arrived. */
  readonly offset: number;
  /** When anything last happened to it, milliseconds since the epoch. */
  readonly changedAt: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Uploads in a folder: the bytes as `<id>`, what is known of them as `<id>.json`. */
export class UploadRecords {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder, for this user alone. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  pathOf(id: string): string {
    return join(this.folder, id);
  }

  /** null: there is no such upload. */
  async get(id: string): Promise<UploadState | null> {
    if (!UUID.test(id)) return null;
    const path = this.#recordOf(id);
    const [text, known, bytes] = await Promise.all([
      readFile(path, 'utf8').catch(absent),
      stat(path).catch(absent),
      stat(this.pathOf(id)).catch(absent),
    ]);
    if (text === null || known === null) return null;
    const record = recordSchema.parse(JSON.parse(text));
    if (bytes === null && !record.isTaken) return null;
    return {
      ...record,
      offset: bytes?.size ?? record.size ?? 0,
      changedAt: Math.max(known.mtimeMs, bytes?.mtimeMs ?? 0),
    };
  }

  async set(id: string, record: UploadRecord): Promise<void> {
    await atomicWrite(this.#recordOf(id), JSON.stringify(recordSchema.parse(record)));
  }

  async remove(id: string): Promise<void> {
    await rm(this.#recordOf(id), { force: true });
    await rm(this.pathOf(id), { force: true });
  }

  /** When the files of an id were last written, whatever is in them; null: there are none. */
  async touchedAt(id: string): Promise<number | null> {
    const files = [this.pathOf(id), this.#recordOf(id)];
    const found = await Promise.all(files.map((path) => stat(path).catch(absent)));
    const times = found.flatMap((each) => (each === null ? [] : [each.mtimeMs]));
    return times.length === 0 ? null : Math.max(...times);
  }

  /** Removes records whose writing was cut off before `before`, milliseconds since the epoch. */
  async sweepTemporary(before: number): Promise<void> {
    await sweepTemporary(this.folder, before);
  }

  async ids(): Promise<string[]> {
    const names = (await readdir(this.folder).catch(absent)) ?? [];
    return [...new Set(names.map((name) => name.replace(/\.json$/, '')))].filter((id) => UUID.test(id));
  }

  #recordOf(id: string): string {
    return join(this.folder, `${id}.json`);
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
