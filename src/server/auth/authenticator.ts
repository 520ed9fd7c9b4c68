import type { IncomingHttpHeaders } from 'node:http';
import type { EarshotError } from '../../errors.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import { type Caller, LOCAL_CALLER } from './caller.ts';
import { credentialOf, isToken } from './credential.ts';
import { type Guessing, guessing } from './guessing.ts';
import { type Keys, openKeys } from './keys.ts';
import { type Oidc, oidc, type OidcOptions } from './oidc.ts';

export interface AuthenticatorOptions {
  /** One key with all scopes, or null. */
  readonly apiKey: string | null;
  /** A file of keys, or null. */
  readonly keysFile: string | null;
  /** A provider of identity tokens, or null. */
  readonly oidc: Omit<OidcOptions, 'clock'> | null;
  /** Told why a changed keys file is not used. */
  readonly onError?: (error: EarshotError) => void;
  readonly clock?: Clock;
}

/** Finds out who sends a request. */
export interface Authenticator {
  /** True when neither keys nor tokens are configured: everybody is LOCAL_CALLER, so that checkLocal must be asked too. */
  readonly isOpen: boolean;
  /**
   * Who sends a request with these headers from the remote `address`. Rejects with `unauthorized`, `rate_limited` (too
   * many wrong keys from there) or `identity_unavailable`.
   */
  authenticate(headers: IncomingHttpHeaders, address: string): Promise<Caller>;
}

/** Reads what is configured. Rejects with `config_invalid`. */
export async function authenticator(options: AuthenticatorOptions): Promise<Authenticator> {
  const { clock = systemClock } = options;
  if (options.apiKey === null && options.keysFile === null && options.oidc === null)
    return { isOpen: true, authenticate: () => Promise.resolve(LOCAL_CALLER) };
  const keys = await openKeys({ ...options, clock });
  const tokens = options.oidc === null ? null : oidc({ ...options.oidc, clock });
  return closed(keys, tokens, guessing({ clock }));
}

function closed(keys: Keys, tokens: Oidc | null, guesses: Guessing): Authenticator {
  return {
    isOpen: false,
    async authenticate(headers, address) {
      const credential = credentialOf(headers);
      const caller = await keys.find(credential.text);
      // Wrong tokens are not counted: a signature cannot be guessed, and a client whose token ran out is no guesser.
      if (caller === null && tokens !== null && isToken(credential)) return tokens.identify(credential.text);
      return guesses.judge(address, credential.text, caller);
    },
  };
}
