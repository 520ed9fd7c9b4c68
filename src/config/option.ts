import { z } from 'zod';
import type { CommandName } from './commands.ts';

/** What a setting is about; the help and docs/reference/config.md are ordered by it. */
export type OptionGroup =
  | 'Transcription'
  | 'Speakers'
  | 'Output'
  | 'Subtitles'
  | 'Running'
  | 'Client'
  | 'Keys'
  | 'Server'
  | 'General';

/** One setting: everything that flags, environment, configuration file, help, docs and JSON Schema are made from. */
export interface Option<T = unknown> {
  readonly group: OptionGroup;
  readonly description: string;
  /** What --no-name does, for booleans that are on by default. */
  readonly without: string | null;
  /** Commands that take it. */
  readonly commands: readonly CommandName[];
  /** How text from a flag or a variable becomes a value for `schema`. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list';
  readonly schema: z.ZodType<T>;
  readonly default: T;
  /** What a value must be, in words, as in "expected …". */
  readonly accepts: string;
  /** Known values, for suggestions; null when free. */
  readonly choices: readonly string[] | null;
  /** What a wrong value may have meant, where choices do not tell; null when nothing can. */
  readonly meant: ((text: string) => string | null) | null;
  /** Shown in the help after the flag, such as "<dir>". Empty for booleans. */
  readonly placeholder: string;
  /** A valid value other than the default, as text; tests and docs use it. */
  readonly example: string;
  /** False: a matter of one run, it comes by flag only. */
  readonly everywhere: boolean;
  /** False: a secret, which does not belong on a command line that everyone on the machine can read. */
  readonly hasFlag: boolean;
  /** Variables that are read besides EARSHOT_…, which wins over them. */
  readonly otherEnv: readonly string[];
}

/** The parts every row states itself; the rest follows from its kind. */
interface Row {
  readonly group: OptionGroup;
  readonly description: string;
  readonly commands: readonly CommandName[];
  readonly example: string;
  readonly without?: string;
  readonly placeholder?: string;
  readonly everywhere?: boolean;
  readonly hasFlag?: boolean;
  readonly otherEnv?: readonly string[];
}

function option<T>(
  row: Row,
  typed: Pick<Option<T>, 'kind' | 'schema' | 'default' | 'accepts'> & {
    choices?: readonly string[];
    meant?: (text: string) => string | null;
    placeholder: string;
  },
): Option<T> {
  const { group, description, commands, example } = row;
  return {
    group,
    description,
    without: row.without ?? null,
    commands,
    example,
    kind: typed.kind,
    schema: typed.schema,
    default: typed.default,
    accepts: typed.accepts,
    choices: typed.choices ?? null,
    meant: typed.meant ?? null,
    placeholder: row.placeholder ?? typed.placeholder,
    everywhere: row.everywhere ?? true,
    hasFlag: row.hasFlag ?? true,
    otherEnv: row.otherEnv ?? [],
  };
}

/** A yes or no; `--name` and `--no-name`. */
export function boolean(row: Row & { default: boolean }): Option<boolean> {
  return option(row, {
    kind: 'boolean',
    schema: z.boolean(),
    default: row.default,
    accepts: 'true or false',
    placeholder: '',
  });
}

/** Text that fits `pattern` and `fits`, or the default (null: not set). */
export function text<D extends string | null>(
  row: Row & { default: D; accepts?: string; pattern?: RegExp } & {
    fits?: (text: string) => boolean;
    meant?: (text: string) => string | null;
  },
): Option<string | D> {
  const { fits = () => true } = row;
  const schema = (row.pattern ? z.string().regex(row.pattern) : z.string().min(1)).refine(fits);
  return option<string | D>(row, {
    kind: 'text',
    schema: schema as unknown as z.ZodType<string | D>,
    default: row.default,
    accepts: row.accepts ?? 'text',
    ...(row.meant && { meant: row.meant }),
    placeholder: '<text>',
  });
}

/** One of a few words. */
export function choice<const C extends readonly string[]>(
  row: Row & { choices: C; default: C[number] },
): Option<C[number]> {
  return option<C[number]>(row, {
    kind: 'text',
    schema: z.enum(row.choices) as unknown as z.ZodType<C[number]>,
    default: row.default,
    accepts: row.choices.join(', '),
    choices: row.choices,
    placeholder: '<name>',
  });
}

/** A number between bounds, whole unless `fraction`; or the default (null: not set). */
export function number<D extends number | null>(
  row: Row & { default: D; min: number; max: number; fraction?: boolean },
): Option<number | D> {
  const schema = (row.fraction ? z.number() : z.int()).min(row.min).max(row.max);
  return option<number | D>(row, {
    kind: 'number',
    schema: schema as unknown as z.ZodType<number | D>,
    default: row.default,
    accepts: `a ${row.fraction ? '' : 'whole '}number from ${row.min} to ${row.max}`,
    placeholder: '<n>',
  });
}

/** Several of `choices`; the word "none" for an empty list. */
export function someOf<const C extends readonly string[]>(
  row: Row & { choices: C; default: readonly C[number][]; mayBeEmpty: boolean },
): Option<readonly C[number][]> {
  const items = z.array(z.enum(row.choices));
  return option<readonly C[number][]>(row, {
    kind: 'list',
    schema: (row.mayBeEmpty ? items : items.min(1)) as unknown as z.ZodType<readonly C[number][]>,
    default: row.default,
    accepts: `a list of ${row.choices.join(', ')}${row.mayBeEmpty ? ', or none' : ''}`,
    choices: row.choices,
    placeholder: '<list>',
  });
}

/** Any number of http(s) URLs. */
export function urls(row: Row): Option<readonly string[]> {
  return option<readonly string[]>(row, {
    kind: 'list',
    schema: z.array(z.url({ protocol: /^https?$/ })),
    default: [],
    accepts: 'a list of http:// or https:// URLs',
    placeholder: '<url,...>',
  });
}
