import { paragraphsOf } from './paragraphs.ts';
import { withBom } from './text.ts';
import { clockTime } from './timestamps.ts';
import type { Writer } from './writer.ts';

/** Plain text: a paragraph for each speaker on one line, `[00:00:01 - 00:00:05] Name: text`, with a blank line between. */
export const txt: Writer = {
  format: 'txt',
  extension: '.txt',
  mediaType: 'text/plain',
  render(transcript, options) {
    const lines = paragraphsOf(transcript).map((part) => {
      const time = `[${clockTime(part.start)} - ${clockTime(part.end)}]`;
      if (part.kind === 'gap') return `${time} (not transcribed: ${part.reason})\n`;
      return part.name === null ? `${time} ${part.text}\n` : `${time} ${part.name}: ${part.text}\n`;
    });
    return withBom(lines.join('\n'), options.bom);
  },
};
