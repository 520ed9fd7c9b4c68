import { recordingToken, speakerTokens } from './names.ts';
import { scoringChannel, scoringToken } from './nist.ts';
import { inOrder, textOf } from './paragraphs.ts';
import { toMilliseconds } from './timestamps.ts';
import type { Writer } from './writer.ts';

/**
 * NIST's segment time marks: file, channel, speaker, start, end, label, words. The speaker column may not be empty:
 * `unknown` stands for nobody in particular. The empty label keeps a text that begins with `<` from being taken for one.
 */
export const stm: Writer = {
  format: 'stm',
  extension: '.stm',
  mediaType: 'text/plain',
  render(transcript) {
    const tokenOf = speakerTokens(transcript);
    const file = recordingToken(transcript);
    return inOrder(transcript.segments)
      .sort((a, b) => scoringChannel(a) - scoringChannel(b))
      .map((segment) => {
        const words = textOf(segment)
          .split(' ')
          .map(scoringToken)
          .filter((token) => token !== '');
        const start = toMilliseconds(segment.start);
        const end = Math.max(start + 1, toMilliseconds(segment.end));
        const times = `${(start / 1000).toFixed(3)} ${(end / 1000).toFixed(3)}`;
        const speaker = tokenOf(segment.speaker) ?? 'unknown';
        return words.length === 0
          ? ''
          : `${file} ${scoringChannel(segment)} ${speaker} ${times} <NA> ${words.join(' ')}\n`;
      })
      .join('');
  },
};
