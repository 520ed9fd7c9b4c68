import { EarshotError } from '../errors.ts';
import type { Recording } from './recording.ts';

/**
 * What a recording may claim of its length. Timestamps cost a file nothing: a few kilobytes can say that the sound begins
 * after a year, and the silence before it would fill memory and disk.
 */

/** Bytes of the largest block that ffmpeg may take. It gathers the silence of one hole in one block. */
export const MOST_MEMORY = 256 * 1024 * 1024;
/** Seconds of the longest hole that is filled, 2.3 h: at 16 kHz and 16 bits, what fits into that block. */
const LONGEST_HOLE = MOST_MEMORY / 32_000;
/** Seconds that every recording may last, whatever its size: the longest hole, and some sound. */
const ALWAYS = 3 * 3600;
/** No codec for recordings needs less for a second, not even for digital silence. */
const LEAST_BYTES_PER_SECOND = 10;

/** Seconds that a recording of this size can last, holes included. Decoding ends there. */
export function longestDuration({ bytes }: Pick<Recording, 'bytes'>): number {
  return ALWAYS + bytes / LEAST_BYTES_PER_SECOND;
}

/** Throws `recording_unreadable` when the sound of a stream begins later than silence is filled in. */
export function refuseLateStart({ name, streams }: Recording, stream: number): void {
  const late = streams[stream]?.late ?? 0;
  if (late > LONGEST_HOLE) throw refusal(name, `its sound begins after ${hours(late)} of nothing`);
}

/** Throws `recording_unreadable` when ffmpeg (its `stderr`) met a hole that it could not fill: all behind it is misplaced. */
export function refuseLongHole({ name }: Recording, stderr: string): void {
  const hole = /Failed to compensate for timestamp delta of ([\d.]+)/.exec(stderr)?.[1];
  if (hole !== undefined) throw refusal(name, 'its timestamps leave a hole of hours without sound');
}

/** Throws `recording_unreadable` when a waveform reached the longest duration and was ended there. */
export function refuseLongDuration(recording: Recording, seconds: number): void {
  if (seconds >= longestDuration(recording) - 1)
    throw refusal(
      recording.name,
      `${recording.bytes} bytes cannot be more than ${hours(longestDuration(recording))} of sound`,
    );
}

function refusal(name: string, why: string): EarshotError {
  return new EarshotError('recording_unreadable', `${name} has timestamps that cannot be right: ${why}`, {
    hint: 'if you trust the file, join its sound without them: ffmpeg -i FILE -vn -af asetpts=N/SR/TB joined.wav',
  });
}

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;
