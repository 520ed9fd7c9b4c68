import { segmentSchema, transcriptSchema, type Transcript } from '../transcript/schema.ts';
import type { Writer } from './writer.ts';

/** The canonical transcript. Keys stand in the order of the schema, however the value was put together. */
export const json: Writer = {
  format: 'json',
  extension: '.json',
  mediaType: 'application/json',
  render: (transcript) => [...pieces(transcript)].join(''),
  pieces,
};

/** No strings of JSON have line breaks, so this is nothing but the key of the transcript itself. */
const NO_SEGMENTS = '\n  "segments": []';

/** The text of `jsonText`, a segment at a time. */
function* pieces({ segments, ...rest }: Transcript): Generator<string> {
  const [before, after] = jsonText(transcriptSchema.parse({ ...rest, segments: [] })).split(NO_SEGMENTS);
  yield `${before}\n  "segments": [`;
  for (const [i, segment] of segments.entries()) {
    if (i > 0) yield ',';
    yield innerJson(segmentSchema.parse(segment));
  }
  yield `${segments.length === 0 ? '' : '\n  '}]${after}`;
}

/** A value as it stands in a list that is a property of the whole: without the brackets of the two lists around it. */
function innerJson(value: unknown): string {
  return JSON.stringify([[value]], null, 2).slice('[\n  ['.length, -'\n  ]\n]'.length);
}

/** JSON as all writers put it: two spaces of indent, a newline at the end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
