import { layoutCues } from './layout.ts';
import { withBom } from './text.ts';
import { srtTime } from './timestamps.ts';
import type { Writer } from './writer.ts';

/** SubRip subtitles; a known speaker stands as `Name: ` in front of each cue, because the format has no place for it. */
export const srt: Writer = {
  format: 'srt',
  extension: '.srt',
  mediaType: 'application/x-subrip',
  render(transcript, options) {
    const cues = layoutCues(transcript, options, { nameInText: true, clean: disarm });
    const blocks = cues.map(
      ({ start, end, lines }, i) => `${i + 1}\n${srtTime(start)} --> ${srtTime(end)}\n${lines.join('\n')}\n`,
    );
    return withBom(blocks.join('\n'), options.bom);
  },
};

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
