import { readFile, writeFile } from 'node:fs/promises';

/** Samples a second of everything in this folder. */
export const RATE = 16_000;

/** Samples of a 16-bit mono PCM WAV file, in [-1, 1). Rejects when the file is not that. */
export async function readWav(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  const at = bytes.indexOf('data', 12, 'latin1');
  if (
    bytes.readUInt16LE(22) !== 1 ||
    bytes.readUInt32LE(24) !== RATE ||
    bytes.readUInt16LE(34) !== 16 ||
    at < 0
  )
    throw new Error(`${path} is not 16 kHz mono 16-bit PCM`);
  const data = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at + 4));
  return Float32Array.from({ length: data.length >> 1 }, (_, index) => data.readInt16LE(index * 2) / 32_768);
}

/** Writes channels of equal length as 16 kHz 16-bit PCM WAV; samples beyond [-1, 1) are an error, never clipped. */
export async function writeWav(path: string, channels: readonly Float32Array[]): Promise<void> {
  const frames = channels[0]?.length ?? 0;
  const size = frames * channels.length * 2;
  const bytes = Buffer.alloc(44 + size);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + size, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * channels.length * 2, 28);
  bytes.writeUInt16LE(channels.length * 2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(size, 40);
  channels.forEach((samples, channel) => {
    samples.forEach((sample, frame) => {
      bytes.writeInt16LE(Math.round(sample * 32_767), 44 + (frame * channels.length + channel) * 2);
    });
  });
  await writeFile(path, bytes);
}
