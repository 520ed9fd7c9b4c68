import { availableParallelism } from 'node:os';
import { availableMemory } from './available-memory.ts';

/** Part of the memory that is left which work may take; the rest is for what runs beside it. */
const SHARE = 0.75;

/**
 * How many pieces of work, each busy on one core and `bytesEach` of memory, this machine does at once: one at least.
 * Within a container both are the container's.
 */
export function atOnce(
  bytesEach: number,
  cores = availableParallelism(),
  available = availableMemory(),
): number {
  return Math.max(1, Math.min(cores, Math.floor((SHARE * available) / bytesEach)));
}
