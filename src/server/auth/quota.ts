import { EarshotError } from '../../errors.ts';
import type { Caller } from './caller.ts';

/**
 * Throws `quota_exceeded` when the caller, who has `queued` jobs waiting or running, may not hand in another.
 */
export function checkQueuedJobs(caller: Caller, queued: number): void {
  const { maxQueuedJobs: most } = caller.quota;
  if (most === null || queued < most) return;
  throw new EarshotError('quota_exceeded', `the key may have ${most} jobs queued and has ${queued}`, {
    hint: 'wait until some have ended, or cancel some',
  });
}

/**
 * Throws `storage_full` when the caller, who keeps `stored` bytes, may not add `added` more. Ask before the upload with
 * what it announces (0 where it announces nothing), and again with what came.
 */
export function checkStoredBytes(caller: Caller, stored: number, added: number): void {
  const { maxStoredBytes: most } = caller.quota;
  if (most === null || stored + added <= most) return;
  throw new EarshotError(
    'storage_full',
    `the key may keep ${most} bytes on this server, keeps ${stored} and sends ${added} more`,
    { hint: 'delete finished jobs, or wait until they expire' },
  );
}
