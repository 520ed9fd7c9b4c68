import { EarshotError } from '../errors.ts';
import type { SpeakerTurn } from './der.ts';

/**
 * The SPEAKER lines of a NIST RTTM file as turns, by file name and in the file's order. Comments (`;;`, `#`), empty
 * lines and lines of other types are passed over; channels are not told apart. Throws `request_invalid` with the
 * line's number when a SPEAKER line has too few fields or times that are no numbers >= 0.
 */
export function parseRttm(text: string): Map<string, SpeakerTurn[]> {
  const files = new Map<string, SpeakerTurn[]>();
  text.split(/\r?\n/).forEach((line, index) => {
    const [type, file, , begin, length, , , speaker] = line.trim().split(/\s+/);
    if (type?.toUpperCase() !== 'SPEAKER') return;
    const start = Number(begin);
    const duration = Number(length);
    if (file === undefined || speaker === undefined || !(start >= 0) || !(duration >= 0))
      throw new EarshotError(
        'request_invalid',
        `RTTM line ${index + 1} is not a SPEAKER line: ${line.trim()}`,
        {
          hint: 'expected: SPEAKER <file> <channel> <start> <duration> <NA> <NA> <speaker> <NA> <NA>',
        },
      );
    const turns = files.get(file) ?? [];
    files.set(file, turns);
    turns.push({ speaker, start, end: start + duration });
  });
  return files;
}
