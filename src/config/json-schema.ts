import { z } from 'zod';
import { OPTION_NAMES, isFileKey, optionOf } from './options.ts';

/** JSON Schema of the configuration file, for editors; the same rows that read the file make it. */
export function configJsonSchema(): Record<string, unknown> {
  const properties: Record<string, unknown> = { $schema: { type: 'string' } };
  for (const name of OPTION_NAMES.filter(isFileKey)) {
    const { schema, description, default: usual } = optionOf(name);
    const { $schema: _, ...json } = z.toJSONSchema(schema);
    properties[name] =
      usual === null
        ? { description, default: null, anyOf: [json, { type: 'null' }] }
        : { description, default: usual, ...json };
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'earshot.config.json',
    type: 'object',
    properties,
    additionalProperties: false,
  };
}
