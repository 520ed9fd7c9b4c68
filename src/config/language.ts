import { languageCode } from '../speech/recognition/remote/language.ts';

/** Codes of ISO 639 for "none", "several", "not coded" and "not known": no recogniser can be asked for them. */
const NO_LANGUAGE = new Set(['zxx', 'mul', 'mis', 'und']);

/** Whether it is an ISO 639 code as recognisers use them: two letters where there are two, otherwise three (yue, haw). */
export function isLanguage(code: string): boolean {
  if (!/^[a-z]{2,3}$/.test(code) || NO_LANGUAGE.has(code)) return false;
  if (new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }).of(code) === undefined)
    return false;
  return code.length === 2 || new Intl.Locale(code).language.length === 3;
}

/** The code that was meant by "English", "EN", "en-US" or "eng"; null when it is none of these. */
export function meantLanguage(text: string): string | null {
  const code = languageCode(text);
  const shortest = code === null ? null : new Intl.Locale(code).language;
  return shortest !== null && isLanguage(shortest) ? shortest : null;
}
