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

/** U+2060 WORD JOINER is drawn as nothing, so that the text looks the same. */
const INVISIBLE = '\u2060';

/** SubRip has no escapes: an invisible character inside keeps arrows from being times and `<i>`, `{\an8}` from being tags. */
function disarm(text: string): string {
  return text
    .replaceAll('-->', `--${INVISIBLE}>`)
    .replace(/<(?=[A-Za-z/!])/g, `<${INVISIBLE}`)
    .replace(/\{(?=\\)/g, `{${INVISIBLE}`);
}
