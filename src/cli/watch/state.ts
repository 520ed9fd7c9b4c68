import { appendFile, open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { jobOptionsSchema } from '../../api/job-options.ts';
import { EarshotError } from '../../errors.ts';
import { assertWritable } from '../../util/assert-writable.ts';
import { atomicWrite } from '../../util/atomic-write.ts';
import { acquireLock, type Lock } from '../../util/lock.ts';

/**
 * What is known of one file: it is being sent (again after a kill: the server knows the key), its job is waited for, its
 * results are being written, all is done, or it has failed.
 */
const entrySchema = z.object({
  name: z.string(),
  generation: z.string(),
  status: z.enum(['sending', 'waiting', 'saving', 'done', 'failed']),
  /** 1, and one more for each time that it is handed in anew. */
  attempt: z.int(),
  /** Name of its results without extension. */
  base: z.string(),
  /** What the job was asked for; the same again after a kill, whatever the settings are then. */
  settings: jobOptionsSchema,
  job_id: z.string().nullable(),
  /** Results that are ours to replace. */
  outputs: z.array(z.string()),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  at: z.string(),
});
export type Entry = z.infer<typeof entrySchema>;

const headSchema = z.object({ schema: z.literal('earshot.watch/1'), place: z.string() });

/** What a watch has done, by name: one line of JSON a change, the last one counts; written out before it is acted upon. */
export class WatchState {
  readonly #path: string;
  readonly #lock: Lock;
  readonly #entries: Map<string, Entry>;
  readonly #file: FileHandle;

  private constructor(path: string, lock: Lock, entries: Map<string, Entry>, file: FileHandle) {
    this.#path = path;
    this.#lock = lock;
    this.#entries = entries;
    this.#file = file;
  }

  /** Rejects with `locked` while another process has it, with `config_invalid` for a file that is of another place or no state. */
  static async open(path: string, place: string): Promise<WatchState> {
    await assertWritable(dirname(path));
    const lock = await acquireLock(`${path}.lock`, path);
    try {
      const entries = await read(path, place);
      const head = JSON.stringify({ schema: 'earshot.watch/1', place });
      const lines = [head, ...[...entries.values()].map((entry) => JSON.stringify(entry))];
      await atomicWrite(path, `${lines.join('\n')}\n`); // without what was overtaken, or cut off by a kill
      return new WatchState(path, lock, entries, await open(path, 'a'));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  all(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Resolves once it survives a power cut. */
  async put(entry: Entry): Promise<void> {
    await appendFile(this.#file, `${JSON.stringify(entry)}\n`).catch((cause: NodeJS.ErrnoException) => {
      throw new EarshotError('output_unwritable', `cannot write ${this.#path}: ${cause.code}`, { cause });
    });
    await this.#file.datasync();
    this.#entries.set(entry.name, entry);
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#lock.release();
  }
}

async function read(path: string, place: string): Promise<Map<string, Entry>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new EarshotError('config_invalid', `the state ${path} cannot be read: ${error.code}`, {
      cause: error,
    });
  });
  const entries = new Map<string, Entry>();
  if (text === null || text === '') return entries;
  const [first = '', ...lines] = text.split('\n');
  const last = lines.pop(); // '' behind the last newline; anything else was cut off by a kill and never acted upon
  if (last === undefined) throw unusable(path, 'it has no whole line');
  const head = headSchema.safeParse(jsonOf(first));
  if (!head.success) throw unusable(path, 'it does not begin as one');
  if (head.data.place !== place) throw unusable(path, `it is that of ${head.data.place}`);
  for (const [index, line] of lines.entries()) {
    const entry = entrySchema.safeParse(jsonOf(line));
    if (!entry.success) throw unusable(path, `line ${index + 2} is no entry`);
    entries.set(entry.data.name, entry.data);
  }
  return entries;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const unusable = (path: string, why: string): EarshotError =>
  new EarshotError('config_invalid', `${path} is no state of this watch: ${why}`, {
    hint: 'name another file with --state; with a new one everything that is there counts as new',
  });
