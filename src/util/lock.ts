import {
  link,
  open,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { EarshotError } from '../errors.ts';
import { systemClock } from './clock.ts';

/**
 * A lock file says who holds it. It is stale when its process is known to have gone: in the same process namespace of the
 * same boot of the same host by process id and the time that process started (ids are used again), elsewhere, where ids
 * mean nothing, when nobody has touched the file for STALE_MS.
 */
const holderSchema = z.object({
  token: z.string(),
  pid: z.int().positive(),
  /** Kernel's start time of the process, null where it cannot be told. */
  started: z.string().nullable(),
  /** Host name and, where they can be told, its boot and the process namespace (a container has one of its own). */
  host: z.string(),
  since: z.string(),
  note: z.string(),
});

type Holder = z.infer<typeof holderSchema>;

export interface Lock {
  /** What the last holder noted before it died, when its stale lock was taken over; null otherwise. */
  readonly inherited: string | null;
  /** Leaves a word for whoever takes the lock over, should this process die. Rejects with `locked` when that has happened. */
  note(text: string): Promise<void>;
  release(): Promise<void>;
}

const TOUCH_MS = 20_000;
const STALE_MS = 120_000;
/** Taking over is a matter of milliseconds. */
const GUARD_STALE_MS = 5_000;
const GUARD_LOOK_MS = 50;

/**
 * Takes the lock file at `path`, whose folder must exist, or rejects with `locked`; `what` names the thing locked in
 * the message. It never waits.
 */
export async function acquireLock(path: string, what: string): Promise<Lock> {
  const mine: Holder = { ...(await thisProcess()), token: randomBytes(8).toString('hex'), note: '' };
  if (await createExclusively(path, mine)) return hold(path, mine, what, null);
  const stale = await takeOver(path, mine, what);
  return hold(path, mine, what, stale.note === '' ? null : stale.note);
}

function hold(path: string, mine: Holder, what: string, inherited: string | null): Lock {
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // the folder has gone: nothing left to protect
  }, TOUCH_MS);
  touch.unref();
  return {
    inherited,
    note: async (text) => {
      const holder = await readHolder(path);
      if (holder?.token !== mine.token) throw lockedError(path, holder, what); // taken over while this process slept
      await replace(path, { ...mine, note: text });
    },
    release: async () => {
      clearInterval(touch);
      const holder = await readHolder(path);
      if (holder?.token === mine.token) await rm(path, { force: true });
    },
  };
}

/**
 * The lock appears whole or not at all: a process killed half way leaves nothing that blocks the next. Where the file
 * system knows no hard links (FAT, some network mounts) it may leave an empty lock, which counts for STALE_MS.
 */
async function createExclusively(path: string, holder: Holder): Promise<boolean> {
  const whole = `${path}.${holder.token}`;
  const content = JSON.stringify(holder);
  await writeFile(whole, content, { flag: 'wx' });
  try {
    await link(whole, path).catch((error: NodeJS.ErrnoException) => {
      if (!NO_LINKS.test(error.code ?? '')) throw error;
      return writeFile(path, content, { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(whole, { force: true });
  }
}

/** What link(2) says where there are no hard links. */
const NO_LINKS = /^(?:EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS)$/;

/** Replaces a stale lock. The guard file keeps two from doing so at once: the slower would replace the faster's lock. */
async function takeOver(path: string, mine: Holder, what: string): Promise<Holder> {
  const guard = `${path}.takeover`;
  const guarded = await takeGuard(guard);
  try {
    const holder = await readHolder(path);
    if (holder === null ? !(await isOlderThan(path, STALE_MS)) : await isAlive(path, holder))
      throw lockedError(path, holder, what);
    // What the dead one noted is not lost if this one dies, too, before it notes something of its own.
    const note = holder?.note ?? '';
    await replace(path, { ...mine, note });
    return { ...mine, note };
  } finally {
    await guarded.close();
    await rm(guard, { force: true });
  }
}

/** Waits for whoever has it: for milliseconds, or until it is stale, when its holder was killed meanwhile. */
async function takeGuard(guard: string): Promise<FileHandle> {
  for (;;) {
    if (await isOlderThan(guard, GUARD_STALE_MS)) await rm(guard, { force: true });
    const taken = await open(guard, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return null;
    });
    if (taken !== null) return taken;
    await systemClock.sleep(GUARD_LOOK_MS);
  }
}

async function replace(path: string, holder: Holder): Promise<void> {
  const next = `${path}.${holder.token}`;
  await writeFile(next, JSON.stringify(holder));
  await rename(next, path);
}

async function isAlive(path: string, holder: Holder): Promise<boolean> {
  if (holder.host !== (await thisProcess()).host) return !(await isOlderThan(path, STALE_MS));
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // There is a process of that number; whether it is the very one, its start tells, where that can be seen at all:
  // not without /proc, nor of other users' processes under hidepid.
  const started = await startOf(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

async function thisProcess(): Promise<Omit<Holder, 'token' | 'note'>> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  // A /proc of another namespace knows this process by another number.
  const known = (await readlink('/proc/self').catch(() => '')) === String(process.pid);
  return {
    pid: process.pid,
    started: known ? await startOf(process.pid) : null,
    host: [hostname(), boot.trim(), namespace].join(' ').trim(),
    since: new Date().toISOString(),
  };
}

/**
 * Field 22 of /proc/PID/stat (proc(5)): start of the process in clock ticks since boot. Null without it, "ended" for a
 * zombie, which holds nothing any more.
 */
async function startOf(pid: number): Promise<string | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (line === null) return null;
  const afterName = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return afterName[0] === 'Z' ? 'ended' : (afterName[19] ?? null);
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null; // gone, its writer was killed half way, or not ours
  }
}

async function isOlderThan(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > ms;
}

function lockedError(path: string, holder: Holder | null, what: string): EarshotError {
  const who =
    holder === null ? '' : ` (process ${holder.pid} on ${holder.host.split(' ')[0]} since ${holder.since})`;
  return new EarshotError('locked', `another Earshot${who} is working on ${what}`, {
    hint: `wait for it to end; if it is surely gone, delete ${path}`,
  });
}
