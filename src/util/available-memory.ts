import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';

/**
 * Bytes of memory that this process may still take; those of its container where that has a limit. Node counts files
 * that the system merely keeps at hand as taken there: after a few recordings nothing would be left.
 */
export function availableMemory(): number {
  const left = process.availableMemory();
  const limit = process.constrainedMemory();
  return limit === 0 || limit >= totalmem() ? left : Math.min(limit, left + keptFiles());
}

/** Bytes of files that are kept in memory on the account of this process's control group; 0 where there is none. */
function keptFiles(): number {
  const groups = textOf('/proc/self/cgroup') ?? '';
  for (const [, controllers = '', path = ''] of groups.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    const isSecond = controllers === ''; // version 2 has one group for all
    if (!isSecond && !controllers.split(',').includes('memory')) continue;
    const mount = isSecond ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
    // Within a container its own group may stand at the mount, under a path that only the machine outside knows.
    const account = textOf(join(mount, path, 'memory.stat')) ?? textOf(join(mount, 'memory.stat'));
    const kept = account?.matchAll(isSecond ? KEPT : KEPT_WITHIN) ?? [];
    const bytes = [...kept].reduce((sum, [, number]) => sum + Number(number), 0);
    if (bytes > 0) return bytes;
  }
  return 0;
}

const KEPT = /^(?:in)?active_file (\d+)$/gm;
/** Version 1 has those of the groups below under another name. */
const KEPT_WITHIN = /^total_(?:in)?active_file (\d+)$/gm;

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // no such system
  }
}
