import { suggest } from '../util/suggest.ts';
import type { Option } from './option.ts';

/** A value of a setting that has passed its schema, or what is wrong with it, in words. */
export type Checked =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/** The value behind the text of a flag or a variable. */
export function valueOfText(option: Option, text: string): Checked {
  return check(option, readText(option, text.trim()), text);
}

/** A value of the configuration file. null is the default; a list may also be one text with commas. */
export function valueOfJson(option: Option, json: unknown): Checked {
  if (json === null && option.default === null) return { ok: true, value: null };
  return check(option, option.kind === 'list' && typeof json === 'string' ? splitList(json) : json, json);
}

function check(option: Option, value: unknown, given: unknown): Checked {
  const parsed = option.schema.safeParse(inKnownCase(option, value));
  if (parsed.success) return { ok: true, value: parsed.data };
  const wrong = unknownChoices(option, value);
  const meant =
    wrong.map((item) => suggest(item, option.choices ?? [])).find((word) => word !== null) ??
    (typeof given === 'string' ? option.meant?.(given) : null) ??
    null;
  const shown =
    wrong.length > 0 ? wrong.map((item) => JSON.stringify(item)).join(', ') : JSON.stringify(given);
  const got = option.hasFlag ? `, got ${withoutSecrets(shown)}` : '';
  return {
    ok: false,
    problem: `expected ${option.accepts}${got}${meant === null ? '' : `; did you mean "${meant}"?`}`,
  };
}

/** Messages and logs hold no user and password of a URL. */
function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/@"\s]*@/g, '//…@');
}

function readText(option: Option, text: string): unknown {
  if (option.kind === 'list') return splitList(text);
  if (option.kind === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (option.kind === 'boolean') {
    if (/^(true|1|yes|on)$/i.test(text)) return true;
    if (/^(false|0|no|off)$/i.test(text)) return false;
  }
  return text;
}

function splitList(text: string): string[] {
  if (text.trim().toLowerCase() === 'none') return [];
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Items of a list of choices, as the table spells them: upper and lower case are the same. */
function inKnownCase({ kind, choices }: Option, value: unknown): unknown {
  if (kind !== 'list' || choices === null || !Array.isArray(value)) return value;
  return (value as unknown[]).map(
    (item) =>
      choices.find((known) => typeof item === 'string' && known.toLowerCase() === item.toLowerCase()) ?? item,
  );
}

/** What of a value, or of the items of a list, is text and none of the choices. */
function unknownChoices(option: Option, value: unknown): string[] {
  const { choices } = option;
  if (choices === null) return [];
  const known = inKnownCase(option, value);
  const items = Array.isArray(known) ? (known as unknown[]) : [known];
  return items.filter((item) => typeof item === 'string').filter((item) => !choices.includes(item));
}
