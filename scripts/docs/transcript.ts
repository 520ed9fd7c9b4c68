import { GENERATED, code, markdownTable } from './markdown.ts';

/** As much of JSON Schema as zod writes for the transcript. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

/** docs/reference/transcript.md: every field of the canonical transcript, by path. */
export function transcriptPage(schema: Schema): string {
  return [
    GENERATED,
    '# The transcript',
    'The canonical result, `earshot.transcript/1`; every other format is rendered from it. Times are seconds from the start',
    'of the recording. What is not known is null, never a guess. Speakers are S1, S2, … by first appearance.',
    '',
    'JSON Schema: [transcript.schema.json](transcript.schema.json).',
    '',
    markdownTable(['field', 'type'], fields(schema, '')),
  ].join('\n');
}

function fields(schema: Schema, path: string): string[][] {
  const bare = withoutNull(schema);
  if (bare.items) return fields(bare.items, `${path}[]`);
  if (bare.properties)
    return Object.entries(bare.properties).flatMap(([name, part]) => {
      const at = path === '' ? name : `${path}.${name}`;
      const optional = bare.required?.includes(name) === false ? ', may be absent' : '';
      return [[code(at), `${typeOf(part)}${optional}`], ...fields(part, at)];
    });
  if (typeof bare.additionalProperties === 'object')
    return fields(bare.additionalProperties, `${path}.<name>`);
  return [];
}

function typeOf(schema: Schema): string {
  const nullable = schema.anyOf?.some((part) => part.type === 'null') ? ' or null' : '';
  const bare = withoutNull(schema);
  if (bare.const !== undefined) return `${code(JSON.stringify(bare.const))}${nullable}`;
  if (bare.enum) return `${bare.enum.map((each) => code(String(each))).join(' ')}${nullable}`;
  if (bare.items) return `list${nullable}`;
  return `${[bare.type ?? 'any'].flat().join(' or ')}${nullable}`;
}

function withoutNull(schema: Schema): Schema {
  return schema.anyOf?.find((part) => part.type !== 'null') ?? schema;
}
