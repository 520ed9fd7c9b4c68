import type { Transcript } from '../transcript/schema.ts';
import { layoutCues } from './layout.ts';
import { withBom } from './text.ts';
import { vttTime } from './timestamps.ts';
import type { Writer, WriterOptions } from './writer.ts';

/** WebVTT subtitles with voice tags. Source: W3C WebVTT, section 4.2.2 (cue text and its character references). */
export const vtt: Writer = {
  format: 'vtt',
  extension: '.vtt',
  mediaType: 'text/vtt',
  render: (transcript, options) => [...pieces(transcript, options)].join(''),
  pieces,
};

/** A cue at a time. */
function* pieces(transcript: Transcript, options: WriterOptions): Generator<string> {
  yield withBom('WEBVTT\n', options.bom);
  for (const { start, end, speaker, lines } of layoutCues(transcript, options, { nameInText: false })) {
    const voice = speaker === null ? '' : `<v ${escapeVtt(speaker)}>`;
    yield `\n${vttTime(start)} --> ${vttTime(end)}\n${voice}${lines.map(escapeVtt).join('\n')}\n`;
  }
}

function escapeVtt(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
