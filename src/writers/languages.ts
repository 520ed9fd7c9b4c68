/** Names that OpenAI's transcription API gives differently from Unicode's. */
const OWN_NAMES: ReadonlyMap<string, string> = new Map([
  ['bn', 'Bengali'],
  ['mi', 'Maori'],
  ['my', 'Myanmar'],
  ['nn', 'Nynorsk'],
  ['tl', 'Tagalog'],
]);

/** The English name of a language code of two or three letters; null for null and for a code that names none. */
export function languageName(code: string | null): string | null {
  if (code === null) return null;
  const own = OWN_NAMES.get(code.toLowerCase());
  if (own !== undefined) return own;
  try {
    return new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }).of(code) ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
