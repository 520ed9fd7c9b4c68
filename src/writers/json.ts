import { transcriptSchema } from '../transcript/schema.ts';
import type { Writer } from './writer.ts';

/** The canonical transcript. Keys stand in the order of the schema, however the value was put together. */
export const json: Writer = {
  format: 'json',
  extension: '.json',
  mediaType: 'application/json',
  render(transcript) {
    return jsonText(transcriptSchema.parse(transcript));
  },
};

/** JSON as all writers put it: two spaces of indent, a newline at the end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
