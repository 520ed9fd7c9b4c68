import { EarshotApiError } from './error.ts';

/** Where a job is below the server's address. Throws `not_found` for what an address would take for another place. */
export function jobPath(id: string): string {
  if (/^\.{0,2}$/.test(id)) throw new EarshotApiError('not_found', 'there is no such job', {});
  return `/jobs/${encodeURIComponent(id)}`;
}
