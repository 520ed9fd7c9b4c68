import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { EarshotError } from '../errors.ts';

/** Samples a second of every waveform. */
export const SAMPLE_RATE = 16_000;
/** Bytes of the canonical header that the decoder writes before the samples. */
export const WAV_HEADER_BYTES = 44;

/** 16 kHz mono signed 16-bit PCM in a WAV file on disk, written by `decode`; read in slices, never whole. */
export interface Waveform {
  readonly path: string;
  /** Number of samples. */
  readonly samples: number;
  /** Seconds: samples / 16000. */
  readonly duration: number;
}

/** An open waveform. Slices are Float32Array in [-1, 1); seconds outside the recording are cut off. */
export interface WaveformReader {
  readonly waveform: Waveform;
  /** The PCM bytes of [start, end) seconds: signed 16-bit little-endian. */
  bytes(start: number, end: number): Promise<Buffer>;
  /** Samples of [start, end) seconds. */
  slice(start: number, end: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens a waveform for reading. Rejects with `recording_unreadable` when the file was never made or has gone. */
export async function openWaveform(waveform: Waveform): Promise<WaveformReader> {
  const file = await open(waveform.path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'is not there' : `cannot be opened (${cause.code ?? 'unknown'})`;
    throw new EarshotError(
      'recording_unreadable',
      `the decoded waveform ${basename(waveform.path)} of the recording ${why}`,
      { hint: 'run the same command again: the recording is then decoded anew', cause },
    );
  });
  return {
    waveform,
    bytes: (start, end) => readBytes(file, waveform, start, end),
    slice: async (start, end) => pcm16ToFloat(await readBytes(file, waveform, start, end)),
    close: () => file.close(),
  };
}

/**
 * Opens several waveforms, all or none: when one cannot be opened, those that are open already are closed. One without
 * a sample gets no reader, as there may be no file behind it.
 */
export async function openWaveforms<Key>(
  waveforms: Iterable<readonly [Key, Waveform]>,
): Promise<Map<Key, WaveformReader>> {
  const readers = new Map<Key, WaveformReader>();
  try {
    for (const [key, waveform] of waveforms)
      if (waveform.samples > 0) readers.set(key, await openWaveform(waveform));
    return readers;
  } catch (error) {
    await Promise.all([...readers.values()].map((reader) => reader.close()));
    throw error;
  }
}

/**
 * Writes a waveform through to the disk, so that a power cut leaves no checkpoint that speaks of sound which is not
 * there. An hour of audio takes some 40 ms. Rejects with the file system's own error (a full disk may show only now).
 */
export async function syncWaveform({ path, samples }: Waveform): Promise<void> {
  if (samples === 0) return; // there may be no file
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } catch (error) {
    // Some network file systems cannot: then `isIntact` is what is left.
    if (!/^(?:EINVAL|ENOSYS|ENOTSUP)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await file.close();
  }
}

/** The whole waveform, one block after another of `seconds` (the last may be shorter). */
export async function* waveformBlocks(
  waveform: Waveform,
  seconds: number,
): AsyncGenerator<{ readonly start: number; readonly samples: Float32Array }> {
  if (waveform.samples === 0) return; // there may be no file
  const reader = await openWaveform(waveform);
  try {
    for (let index = 0; index * seconds < waveform.duration; index++) {
      const start = index * seconds;
      yield { start, samples: await reader.slice(start, start + seconds) };
    }
  } finally {
    await reader.close();
  }
}

async function readBytes(file: FileHandle, waveform: Waveform, start: number, end: number): Promise<Buffer> {
  const from = Math.min(waveform.samples, Math.max(0, Math.round(start * SAMPLE_RATE)));
  const to = Math.min(waveform.samples, Math.max(from, Math.round(end * SAMPLE_RATE)));
  const bytes = Buffer.alloc((to - from) * 2);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(
      bytes,
      done,
      bytes.length - done,
      WAV_HEADER_BYTES + from * 2 + done,
    );
    if (bytesRead === 0)
      throw new EarshotError('recording_unreadable', 'the decoded waveform of the recording was cut short');
    done += bytesRead;
  }
  return bytes;
}

/** Signed 16-bit little-endian PCM bytes as floats in [-1, 1). */
export function pcm16ToFloat(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(bytes.byteLength >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, true) / 32_768;
  return samples;
}

/** A whole WAV file (16 kHz mono 16-bit) of float samples; values outside [-1, 1) are clipped. */
export function encodeWav(samples: Float32Array): Buffer {
  const wav = Buffer.alloc(WAV_HEADER_BYTES + samples.length * 2);
  wavHeader(samples.length).copy(wav);
  for (let i = 0; i < samples.length; i++) {
    const value = Math.round((samples[i] as number) * 32_768);
    wav.writeInt16LE(Math.max(-32_768, Math.min(32_767, value)), WAV_HEADER_BYTES + i * 2);
  }
  return wav;
}

/** The 44-byte RIFF header for `samples` samples; sizes saturate at 4 GiB as is usual for long streams. */
export function wavHeader(samples: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  const bytes = samples * 2;
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(0xffff_ffff, bytes + 36), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // mono
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(Math.min(0xffff_ffff, bytes), 40);
  return header;
}
