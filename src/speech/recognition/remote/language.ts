/** Names that Whisper and OpenAI use and that the Unicode data calls otherwise (openai/whisper, tokenizer.py). */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  castilian: 'es',
  flemish: 'nl',
  haitian: 'ht',
  lao: 'lo',
  letzeburgesch: 'lb',
  mandarin: 'zh',
  moldavian: 'ro',
  moldovan: 'ro',
  myanmar: 'my',
  nynorsk: 'nn',
  panjabi: 'pa',
  pushto: 'ps',
  sinhalese: 'si',
  tagalog: 'tl',
  valencian: 'ca',
};
const THREE_LETTERS = ['yue', 'haw'];

/** ISO 639 code of a language as servers name it: "english", "English", "en", "en-US"; null for anything unknown. */
export function languageCode(text: string): string | null {
  const name = text.trim().toLowerCase();
  if (Object.hasOwn(OTHER_NAMES, name)) return OTHER_NAMES[name] as string;
  const code = name.split(/[-_]/)[0] as string;
  if (/^[a-z]{2,3}$/.test(code)) return code;
  const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  return codes().find((each) => names.of(each)?.toLowerCase() === name) ?? null;
}

function codes(): string[] {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  return [...letters.flatMap((first) => letters.map((second) => first + second)), ...THREE_LETTERS];
}
