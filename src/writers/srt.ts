import type { Transcript } from '../transcript/schema.ts';
import { layoutCues } from './layout.ts';
import { withBom } from './text.ts';
import { srtTime } from './timestamps.ts';
import type { Writer, WriterOptions } from './writer.ts';

/** SubRip subtitles; a known speaker stands as `Name: ` in front of each cue, because the format has no place for it. */
export const srt: Writer = {
  format: 'srt',
  extension: '.srt',
  mediaType: 'application/x-subrip',
  render: (transcript, options) => [...pieces(transcript, options)].join(''),
  pieces,
};

/** A cue at a time. */
function* pieces(transcript: Transcript, options: WriterOptions): Generator<string> {
  yield withBom('', options.bom);
  let number = 0;
  for (const { start, end, lines } of layoutCues(transcript, options, { nameInText: true, clean: disarm })) {
    if (++number > 1) yield '\n';
    yield `${number}\n${srtTime(start)} --> ${srtTime(end)}\n${lines.join('\n')}\n`;
  }
}

/** U+2060 WORD JOINER, which is drawn as nothing. */
const INVISIBLE = '\u2060';

/**
 * SubRip has no escapes, and players as well as parsers drop whatever looks like a tag. Angle brackets are replaced by
 * their typographic likes, which also keeps arrows from being times; an invisible character takes `{\an8}` its power.
 */
function disarm(text: string): string {
  return text
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replace(/\{(?=\\)/g, `{${INVISIBLE}`);
}
