import { layoutCues } from './layout.ts';
import { withBom } from './text.ts';
import { vttTime } from './timestamps.ts';
import type { Writer } from './writer.ts';

/** WebVTT subtitles with voice tags. Source: W3C WebVTT, section 4.2.2 (cue text and its character references). */
export const vtt: Writer = {
  format: 'vtt',
  extension: '.vtt',
  mediaType: 'text/vtt',
  render(transcript, options) {
    const cues = layoutCues(transcript, options, { nameInText: false });
    const blocks = cues.map(({ start, end, speaker, lines }) => {
      const voice = speaker === null ? '' : `<v ${escapeVtt(speaker)}>`;
      return `\n${vttTime(start)} --> ${vttTime(end)}\n${voice}${lines.map(escapeVtt).join('\n')}\n`;
    });
    return withBom(`WEBVTT\n${blocks.join('')}`, options.bom);
  },
};

function escapeVtt(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
