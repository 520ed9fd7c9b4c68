import { timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EarshotError } from '../../errors.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import { hashKey } from './api-key.ts';
import { type Caller, operator } from './caller.ts';
import { type KnownKey, parseKeysFile, SINGLE_KEY_ID } from './keys-file.ts';

export interface KeysOptions {
  /** One key with all scopes, or null. Printable ASCII without spaces: anything else cannot stand in a header. */
  readonly apiKey: string | null;
  /** A keys file, or null. It is read again when it has changed. */
  readonly keysFile: string | null;
  /** Told why a changed keys file is not used; the keys before it stay. */
  readonly onError?: (error: EarshotError) => void;
  readonly clock?: Clock;
}

/** The keys that a server takes. */
export interface Keys {
  /** Who calls with `key`: null for a wrong one, and for one that has expired. */
  find(key: string): Promise<Caller | null>;
}

/** How old what is known of the keys file may be: so long does a deleted key still work. */
const FRESH_MS = 1000;

/** Reads the keys. Rejects with `config_invalid`, naming every mistake. */
export async function openKeys(options: KeysOptions): Promise<Keys> {
  const { apiKey, keysFile, clock = systemClock } = options;
  const single = apiKey === null ? [] : [singleKey(apiKey)];
  const file = keysFile === null ? null : await openFile(keysFile, clock, options.onError);
  return {
    async find(key) {
      const known = file === null ? single : [...single, ...(await file.current())];
      return match(known, key, clock.now());
    },
  };
}

/**
 * Compares with every key, in a time that depends on their number alone: neither how much of a key is right nor which
 * one it is can be measured.
 */
function match(known: readonly KnownKey[], key: string, now: number): Caller | null {
  const hash = hashKey(key);
  let found: KnownKey | null = null;
  for (const candidate of known) if (timingSafeEqual(candidate.hash, hash)) found = candidate;
  if (found === null) return null;
  return found.expiresAt === null || now < found.expiresAt ? found.caller : null;
}

function singleKey(key: string): KnownKey {
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new EarshotError(
      'config_invalid',
      'the API key must be printable ASCII without spaces: anything else does not get through a header unchanged',
      { hint: 'set EARSHOT_API_KEY to a long random text' },
    );
  return { hash: hashKey(key), caller: operator(SINGLE_KEY_ID), expiresAt: null };
}

/**
 * A keys file that is looked at again once a second while requests come. Its text is compared, not its times, which some
 * file systems and mounted secrets do not keep. The new keys replace the old all at once or not at all.
 */
async function openFile(
  path: string,
  clock: Clock,
  onError: KeysOptions['onError'],
): Promise<{ current(): Promise<readonly KnownKey[]> }> {
  let text = await read(path);
  let keys = parseKeysFile(text, path);
  let readAt = clock.now();
  let told: string | null = null;
  let reading: Promise<void> | null = null;

  async function reload(): Promise<void> {
    try {
      const next = await read(path);
      if (next !== text) keys = parseKeysFile(next, path);
      text = next;
      told = null;
    } catch (error) {
      if (!(error instanceof EarshotError)) throw error;
      if (told !== error.message) onError?.(error); // once for each mistake, not once a second
      told = error.message;
    }
    readAt = clock.now();
  }

  return {
    async current() {
      if (Math.abs(clock.now() - readAt) >= FRESH_MS)
        await (reading ??= reload().finally(() => {
          reading = null;
        }));
      return keys;
    },
  };
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new EarshotError('config_invalid', `the keys file ${path} cannot be read: ${code}`, { cause });
  });
}
