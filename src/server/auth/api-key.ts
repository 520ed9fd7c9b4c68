import { createHash, randomBytes } from 'node:crypto';

/** 256 bits: nobody finds one by trying, with or without the stored hash. */
const RANDOM_BYTES = 32;
const PREFIX = 'ek_';
const MADE_HERE = /^ek_[\w-]{43}$/;

/** A new API key, `ek_` and 43 characters of base64url. It is shown once; what is kept is its hash. */
export function createApiKey(): string {
  return PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
}

/** Whether a key has the form of those made here. One that has not may be a word that somebody chose, and be guessed. */
export function isMadeHere(key: string): boolean {
  return MADE_HERE.test(key);
}

/**
 * What is kept of a key: its sha256. A slow hash (scrypt, argon2) makes each guess at a stolen hash dear, which a
 * person's password needs and 256 random bits do not; it would cost every request tens of milliseconds instead.
 */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
