import { errors, type JWTPayload, jwtVerify } from 'jose';
import { EarshotError } from '../../errors.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import { NO_QUOTA, type Quota } from '../../jobs/quota.ts';
import { type Caller, SCOPES, type Scope } from './caller.ts';
import { provider } from './provider.ts';

export interface OidcOptions {
  /** The provider's URL, exactly as the `iss` claim has it. */
  readonly issuer: string;
  /** Whom tokens must be made for: the `aud` claim. */
  readonly audience: string;
  /** Scopes of a token without a `scope` claim. */
  readonly defaultScopes: readonly Scope[];
  /** Of each subject; null is without a limit (the default). */
  readonly ratePerMinute?: number | null;
  readonly quota?: Quota;
  readonly clock?: Clock;
}

/** Checks identity tokens of one OpenID Connect provider. */
export interface Oidc {
  /**
   * Who calls with the token; the owner is its subject. Rejects with `unauthorized` when the token is not right, and
   * with `identity_unavailable` when the provider's keys cannot be had: never a pass.
   */
  identify(token: string): Promise<Caller>;
}

/** Signatures with a key pair only: with HMAC the public key itself could be used to sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'].concat([
  'EdDSA',
  'Ed25519',
]);
/** How far the provider's clock may be from ours. */
const CLOCK_TOLERANCE_SECONDS = 10;
/** OpenID Connect Core 1.0, section 2: at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;

/** Throws `config_invalid` when the issuer is not an https URL or the audience is empty. */
export function oidc(options: OidcOptions): Oidc {
  const { issuer, audience, clock = systemClock } = options;
  const { key } = provider(issuer, clock);
  if (audience === '')
    throw new EarshotError('config_invalid', 'OIDC needs an audience: whom tokens are made for');
  return {
    async identify(token) {
      const { payload } = await jwtVerify(token, key, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(clock.now()),
      }).catch((error: unknown) => {
        throw refusal(error);
      });
      return callerOf(payload, options);
    },
  };
}

/** The subject is set apart from the owners and ids of API keys, which hold no colon: no provider can name one of those. */
function callerOf(payload: JWTPayload, options: OidcOptions): Caller {
  const { sub } = payload;
  if (typeof sub !== 'string' || !SUBJECT.test(sub))
    throw wrong('its subject is not 1 to 255 ASCII characters');
  return {
    id: `oidc:${sub}`,
    owner: `oidc:${sub}`,
    scopes: scopesOf(payload['scope'], options.defaultScopes),
    ratePerMinute: options.ratePerMinute ?? null,
    quota: options.quota ?? NO_QUOTA,
  };
}

/** A `scope` claim (RFC 8693, 4.2: one text with spaces; some providers give a list) says all; names of others' are passed over. */
function scopesOf(claim: unknown, defaults: readonly Scope[]): ReadonlySet<Scope> {
  if (claim === undefined) return new Set(defaults);
  const names: readonly unknown[] =
    typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return new Set(SCOPES.filter((scope) => names.includes(scope)));
}

/** What is wrong with a token is its sender's business; anything else means that we could not tell. */
function refusal(error: unknown): EarshotError {
  if (error instanceof EarshotError) return error;
  if (error instanceof errors.JWTExpired) return wrong('it has expired', error);
  if (error instanceof errors.JWTClaimValidationFailed)
    return wrong(`its claim ${error.claim} is not right`, error);
  if (TOKEN_ERRORS.some((kind) => error instanceof kind)) return wrong('it does not verify', error);
  return new EarshotError('identity_unavailable', 'the keys of the identity provider cannot be used', {
    cause: error,
  });
}

const TOKEN_ERRORS = [
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

const wrong = (why: string, cause?: unknown): EarshotError =>
  new EarshotError('unauthorized', `the identity token is not accepted: ${why}`, { cause });
