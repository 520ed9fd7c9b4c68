import { speakerNames } from './names.ts';
import { inOrder, textOf } from './paragraphs.ts';
import { withBom } from './text.ts';
import { secondsText } from './timestamps.ts';
import type { Writer } from './writer.ts';

const HEADER = 'id,start,end,speaker,text,speaker_confidence,channel,overlap,emotion,sentiment';

/** One row a segment, as RFC 4180 has it: CRLF after every record, quotes doubled. What is unknown is an empty field. */
export const csv: Writer = {
  format: 'csv',
  extension: '.csv',
  mediaType: 'text/csv',
  render(transcript, options) {
    const nameOf = speakerNames(transcript);
    const rows = inOrder(transcript.segments).map((segment) =>
      [
        segment.id,
        secondsText(segment.start),
        secondsText(segment.end),
        csvText(nameOf(segment.speaker)),
        csvText(textOf(segment)),
        segment.speaker_confidence ?? '',
        segment.channel ?? '',
        segment.overlap,
        csvText(segment.emotion?.label ?? null),
        segment.sentiment?.score ?? '',
      ].join(','),
    );
    return withBom([HEADER, ...rows, ''].join('\r\n'), options.bom);
  },
};

/**
 * A text field. One that a spreadsheet would take for a formula (it begins with = + - @ or one of their fullwidth
 * forms) gets an apostrophe in front, as OWASP's advice on CSV injection has it; readers that are no spreadsheet may
 * remove it.
 */
export function csvText(text: string | null): string {
  if (text === null) return '';
  const safe = /^\s*[=+\-@\t\r＝＋－＠]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
