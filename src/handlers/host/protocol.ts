import { z } from 'zod';
import type { EarshotError, ErrorCode } from '../../errors.ts';
import type { HostWork, HostWorkName } from './work.ts';

/** What the server says to a stage host. */
export type ToHost =
  | {
      readonly type: 'run';
      readonly id: number;
      readonly name: HostWorkName;
      readonly input: HostWork[HostWorkName]['input'];
    }
  | { readonly type: 'abort'; readonly id: number };

/** What a stage host says. */
export type FromHost =
  /** Sent every ALIVE_MS while its event loop turns. */
  | { readonly type: 'alive' }
  | { readonly type: 'notice'; readonly id: number; readonly line: string }
  | { readonly type: 'progress'; readonly id: number; readonly fraction: number }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: SentError };

/** An EarshotError between processes. */
export interface SentError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly isFinal: boolean;
}

export const ALIVE_MS = 2_000;
/** Progress of one call is told no more often than this. */
export const PROGRESS_MS = 200;
/** What runs gets this long to stop when the server has gone. */
export const END_MS = 1_500;

export const sent = ({ code, message, hint, isFinal }: EarshotError): SentError => ({
  ...{ code, message, hint, isFinal },
});

/** Times from the outside world are checked at the edge; between our own two processes only that it is a message. */
export const isMessage = (value: unknown): boolean => z.object({ type: z.string() }).safeParse(value).success;
