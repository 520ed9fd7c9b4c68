import { open } from 'node:fs/promises';
import { EarshotError } from '../errors.ts';

const LOOKED_AT = 64 * 1024;
/**
 * Texts that ffmpeg takes for a list of other files to open: HLS, ffconcat, DASH, IMF and SDP. Whoever hands in such a
 * "recording" would have this machine read files of their choice.
 */
const PLAYLIST = /^\uFEFF?(?:#EXTM3U|ffconcat\b)|<MPD\b|CompositionPlaylist|^c=IN\s/im;

/** Rejects with `recording_unreadable` when the file is a playlist and not media. */
export async function refusePlaylist(path: string, name: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOKED_AT), 0, LOOKED_AT, 0);
    if (!PLAYLIST.test(buffer.toString('latin1', 0, bytesRead))) return;
  } finally {
    await file.close();
  }
  throw new EarshotError('recording_unreadable', `${name} is a list of other files, not a recording`, {
    hint: 'give the recordings themselves',
  });
}
