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
  const parsed = option.schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const meant = option.choices === null ? null : meantChoice(option.choices, value);
  const got = option.hasFlag ? `, got ${withoutSecrets(JSON.stringify(given))}` : '';
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
  if (text.trim() === 'none') return [];
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function meantChoice(choices: readonly string[], value: unknown): string | null {
  const items = Array.isArray(value) ? (value as unknown[]) : [value];
  for (const item of items)
    if (typeof item === 'string' && !choices.includes(item)) return suggest(item, choices);
  return null;
}
