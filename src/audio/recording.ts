import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { EarshotError } from '../errors.ts';
import { sha256File } from '../util/hash.ts';
import { refusePlaylist } from './playlist.ts';
import { probe, type AudioStream } from './probe.ts';
import { wavLength, type WavLength } from './wav-length.ts';

/** The user's media: a local file and what the probe found in it. */
export interface Recording {
  readonly path: string;
  /** The name to show; for uploads and URLs not the name on disk. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** ffmpeg's name of the container, such as "wav" or "mov,mp4,m4a,3gp,3g2,mj2". */
  readonly container: string;
  /** Seconds that the container states; null when it does not say. */
  readonly statedDuration: number | null;
  /** A WAV file that holds more sound than its header states; all of it is decoded. */
  readonly understated: boolean;
  /** At least one. */
  readonly streams: readonly AudioStream[];
}

/**
 * Looks at a media file. Rejects with `recording_not_found`, `recording_empty`, `recording_unreadable`,
 * `recording_no_audio` or `ffmpeg_missing`.
 */
export async function openRecording(
  path: string,
  name = basename(path),
  signal?: AbortSignal,
): Promise<Recording> {
  const absolute = resolve(path);
  const info = await stat(absolute).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'ENOENT' ? 'there is no such file' : `it cannot be opened (${cause.code ?? 'unknown'})`;
    throw new EarshotError('recording_not_found', `${name}: ${why}`, { cause });
  });
  if (!info.isFile()) throw new EarshotError('recording_unreadable', `${name} is not a regular file`);
  if (info.size === 0) throw new EarshotError('recording_empty', `${name} is empty (0 bytes)`);
  await refusePlaylist(absolute, name);
  const [found, sha256] = await Promise.all([probe(absolute, name, signal), sha256File(absolute, signal)]);
  const wav = found.container === 'wav' ? await wavLength(absolute) : null;
  return {
    path: absolute,
    name,
    sha256,
    bytes: info.size,
    container: found.container,
    statedDuration: statedDuration(found.duration, wav),
    understated: wav?.understated ?? false,
    streams: found.streams,
  };
}

/** Of most WAV files that were cut off, ffprobe gives the seconds that are there, not those that the header states. */
function statedDuration(probed: number | null, wav: WavLength | null): number | null {
  return wav !== null && wav.stated > wav.held ? (wav.statedSeconds ?? probed) : probed;
}
