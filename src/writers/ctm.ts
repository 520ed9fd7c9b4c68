import { timedWords } from './layout/timed-words.ts';
import { recordingToken } from './names.ts';
import { scoringChannel, scoringToken } from './nist.ts';
import { secondsText, toMilliseconds } from './timestamps.ts';
import type { Writer } from './writer.ts';

/**
 * NIST's time-marked words: file, channel, start, duration, word, and the confidence where it is known. Ordered by
 * channel, then start, as sclite demands. Where the recogniser gave a word no time of its own, the words are spread over
 * their segment, and a comment says how many.
 */
export const ctm: Writer = {
  format: 'ctm',
  extension: '.ctm',
  mediaType: 'text/plain',
  render(transcript) {
    const file = recordingToken(transcript);
    const words = transcript.segments
      .flatMap((segment) =>
        timedWords(segment).map((word) => ({
          ...word,
          token: scoringToken(word.text),
          channel: scoringChannel(segment),
        })),
      )
      .filter((word) => word.token !== '')
      .sort((a, b) => a.channel - b.channel || a.start - b.start);
    const spread = words.filter((word) => !word.measured).length;
    const note =
      spread === 0
        ? ''
        : `;; ${spread} of ${words.length} words have no time of their own: spread over their segment\n`;
    const rows = words.map(({ start, end, channel, token, confidence }) => {
      const duration = (toMilliseconds(end) - toMilliseconds(start)) / 1000;
      const tail = confidence === null ? '' : ` ${confidence.toFixed(4)}`;
      return `${file} ${channel} ${secondsText(start)} ${secondsText(duration)} ${token}${tail}\n`;
    });
    return note + rows.join('');
  },
};
