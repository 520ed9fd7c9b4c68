import { randomUUID } from 'node:crypto';

/**
 * A UUID of version 7 (RFC 9562, 5.7): milliseconds since the epoch, then 74 random bits. Rows that are made together lie
 * together in an index of them, where random ones would each write to a page of their own.
 */
export function timeUuid(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice('00000000-0000-4'.length)}`;
}
