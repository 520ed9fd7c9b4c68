import { recordingToken, speakerTokens } from './names.ts';
import { secondsText, toMilliseconds } from './timestamps.ts';
import type { Writer } from './writer.ts';

/** The turns as diarized, overlaps kept, in NIST's Rich Transcription Time Marked format (RT-09): SPEAKER records only. */
export const rttm: Writer = {
  format: 'rttm',
  extension: '.rttm',
  mediaType: 'text/plain',
  render(transcript) {
    const tokenOf = speakerTokens(transcript);
    const file = recordingToken(transcript);
    return [...transcript.turns]
      .sort((a, b) => a.start - b.start || a.end - b.end)
      .map((turn) => {
        const duration = Math.max(0, toMilliseconds(turn.end) - toMilliseconds(turn.start)) / 1000;
        return `SPEAKER ${file} 1 ${secondsText(turn.start)} ${secondsText(duration)} <NA> <NA> ${tokenOf(turn.speaker)} <NA> <NA>\n`;
      })
      .join('');
  },
};
