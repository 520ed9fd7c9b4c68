import { open, type FileHandle } from 'node:fs/promises';

/** What the header of a WAV file says of its sound, and what the file holds. Both in bytes. */
export interface WavLength {
  readonly stated: number;
  readonly held: number;
  /** Seconds that the stated bytes last at the header's own rate; null where that is 0. */
  readonly statedSeconds: number | null;
  /** The header states less than there is: what follows the stated sound is no chunk, so it is sound, too. */
  readonly understated: boolean;
}

/** Whoever writes into a pipe cannot know the size: ffmpeg writes 0xFFFFFFFF, sox 0x7FFFF000, arecord 0x80000000, others 0. */
const LEAST_UNKNOWN = 0x7fff_f000;
/** Tags and padding behind the sound are often no proper chunk. Bytes. */
const TRAILER = 4096;
const MOST_CHUNKS = 1000;

/**
 * Compares the two. ffmpeg believes a size that is too small (a recorder that was cut off, a size that wrapped at 4 GiB)
 * and says nothing of one that is too large (a file that was cut off). Null when the header leaves the size open, or for
 * anything but a RIFF, RF64 or BW64 file with sound.
 */
export async function wavLength(path: string): Promise<WavLength | null> {
  const file = await open(path, 'r');
  try {
    return await measure(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function measure(file: FileHandle, bytes: number): Promise<WavLength | null> {
  const form = (await readAt(file, 0, 12)).toString('latin1');
  if (!/^(?:RIFF|RF64|BW64)[^]{4}WAVE$/.test(form)) return null;
  let rate = 0; // bytes a second
  let large: number | null = null; // the size in RF64's own chunk (EBU Tech 3306)
  for (let at = 12, chunks = 0; at + 8 <= bytes && chunks < MOST_CHUNKS; chunks++) {
    const { id, size } = await chunkAt(file, at);
    if (id === 'fmt ') rate = (await readAt(file, at + 16, 4)).readUInt32LE();
    if (id === 'ds64') large = Number((await readAt(file, at + 16, 8)).readBigUInt64LE());
    if (id === 'data') {
      const stated = size === 0xffff_ffff && large !== null ? large : size;
      const held = bytes - at - 8;
      const leftOpen = stated === 0 || (large === null && stated >= LEAST_UNKNOWN && stated > held);
      if (leftOpen) return null;
      const statedSeconds = rate === 0 ? null : stated / rate;
      return { stated, held, statedSeconds, understated: await goesOn(file, at + 8 + stated, bytes) };
    }
    at += 8 + size + (size % 2);
  }
  return null;
}

/** Whether there is more behind the stated end of the sound than a chunk or a short trailer. */
async function goesOn(file: FileHandle, end: number, bytes: number): Promise<boolean> {
  if (bytes - end <= TRAILER) return false;
  const next = end + (end % 2); // chunks begin at even offsets
  const { id, size } = await chunkAt(file, next);
  return !(/^[\x20-\x7e]{4}$/.test(id) && next + 8 + size <= bytes);
}

async function chunkAt(file: FileHandle, at: number): Promise<{ id: string; size: number }> {
  const head = await readAt(file, at, 8);
  return { id: head.toString('latin1', 0, 4), size: head.readUInt32LE(4) };
}

/** Bytes at an offset; zeros behind the end of the file. */
async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer;
}
