/**
 * One line of clean text: control characters and line breaks become spaces, runs of spaces one, ends are trimmed and
 * lone surrogates become U+FFFD. Every format that means something by a line break takes its text through here.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029\uFEFF]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** Text for HTML content and for quoted attribute values. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Scripts whose words are written without spaces between them. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3000-\u303F\uFF01-\uFF60]/u;

/** Whether a text has characters of a script that is written without spaces. */
export function isUnspaced(text: string): boolean {
  return UNSPACED.test(text);
}

/** Sentences put one after the other: with a space, or without one where both sides are of an unspaced script. */
export function joinTexts(texts: readonly string[]): string {
  const filled = texts.filter((text) => text !== '');
  const parts = filled.map((text, i) => {
    const before = filled[i - 1];
    if (
      before === undefined ||
      (isUnspaced([...before.slice(-2)].at(-1) ?? '') && isUnspaced([...text.slice(0, 2)][0] ?? ''))
    )
      return text;
    return ` ${text}`;
  });
  return parts.join('');
}

/** The text with the byte order mark in front when it is asked for. */
export function withBom(text: string, bom: boolean): string {
  return bom ? `\uFEFF${text}` : text;
}
