const GRAPHEMES = new Intl.Segmenter('und', { granularity: 'grapheme' });
/** Wide and fullwidth characters of Unicode's East Asian Width, and emoji, which screens draw two columns wide. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Hangul}\p{Script=Bopomofo}\u3000-\u303E\u30A0-\u30FF\u31F0-\u31FF\uFF01-\uFF60\uFFE0-\uFFE6\p{Emoji_Presentation}]/u;
/** Letters of a wide script that have a halfwidth form of their own. */
const HALFWIDTH = /[\uFF61-\uFFDC]/u;
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\p{M}\p{Cf}]+$/u;
const ASCII = /^[\x20-\x7E]*$/;

/** Columns a text takes: 2 for an East Asian wide character or an emoji, 0 for what is not drawn, else 1. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemes(text)) width += graphemeWidth(grapheme);
  return width;
}

/** What a reader calls characters: a letter with its marks, an emoji with its modifiers. */
export function graphemes(text: string): string[] {
  return Array.from(GRAPHEMES.segment(text), (part) => part.segment);
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) && !HALFWIDTH.test(grapheme) ? 2 : 1;
}
