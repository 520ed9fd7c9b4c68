import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Where a container's memory is accounted for, by version of control groups, and what files that are kept are called there. */
const ACCOUNTS = [
  ['/sys/fs/cgroup/memory.stat', /^(?:in)?active_file (\d+)$/gm],
  ['/sys/fs/cgroup/memory/memory.stat', /^total_(?:in)?active_file (\d+)$/gm],
] as const;

/**
 * Bytes of memory that this process may still take; those of its container where that has a limit. Node counts files
 * that the system merely keeps at hand as taken there: after a few recordings nothing would be left.
 */
export function availableMemory(): number {
  const left = process.availableMemory();
  const limit = process.constrainedMemory();
  return limit === 0 || limit >= totalmem() ? left : Math.min(limit, left + keptFiles());
}

function keptFiles(): number {
  for (const [path, pattern] of ACCOUNTS)
    try {
      return keptFilesOf(readFileSync(path, 'utf8'), pattern);
    } catch {
      continue; // the other version, or no such system
    }
  return 0;
}

/** Sum of the bytes that the pattern finds in the account. */
export function keptFilesOf(account: string, pattern: RegExp): number {
  return [...account.matchAll(pattern)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}
