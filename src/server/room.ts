import { EarshotError } from '../errors.ts';
import { checkQueuedJobs, checkStoredBytes } from '../jobs/quota.ts';
import type { Call, ServerContext } from './context.ts';

/**
 * Refuses an upload before it fills the disk or the caller's share of it. What has an Idempotency-Key may be the repetition
 * of a request that was accepted, which takes no share: whether it is shows when its job is written.
 */
export async function checkRoom(
  { caller, request }: Call,
  { jobs, storage, limits }: ServerContext,
  bytes: number,
): Promise<void> {
  if (request.headers['idempotency-key'] === undefined) {
    const usage = await jobs.usage(caller.owner, caller.quota);
    checkQueuedJobs(caller.quota, usage.queued);
    checkStoredBytes(caller.quota, usage.bytes, bytes);
  }
  await checkFree({ storage, limits }, bytes);
}

async function checkFree(
  { storage, limits }: Pick<ServerContext, 'storage' | 'limits'>,
  bytes: number,
): Promise<void> {
  const free = await storage.freeBytes();
  if (free !== null && free - bytes < limits.minFreeBytes)
    throw new EarshotError('disk_full', 'the storage has no room for another upload');
}

/** Bytes between two looks at the room that is left. */
const LOOK_BYTES = 64e6;

/** The bytes, for as long as there is room: none need be announced, and others upload at the same time. */
export async function* whileRoom(
  bytes: AsyncIterable<Uint8Array>,
  context: ServerContext,
): AsyncGenerator<Uint8Array> {
  let since = 0;
  for await (const chunk of bytes) {
    yield chunk;
    since += chunk.length;
    if (since < LOOK_BYTES) continue;
    since = 0;
    await checkFree(context, 0);
  }
}
