import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { converse } from '../samples/conversation.ts';
import { writeWav } from '../samples/pcm.ts';
import { CALL, CLIP, MEETING } from '../samples/scripts.ts';
import type { Truth } from '../samples/truth.ts';

const SAMPLES = join(import.meta.dirname, '..', 'samples');

/** About five minutes of talk by three voices, without overlap, and its truth: every line of the samples by every voice. */
export async function longTalk(folder: string): Promise<{ path: string; truth: Truth }> {
  const voices = ['slt', 'awb', 'rms'] as const;
  const texts = [...MEETING, ...CALL, ...CLIP].map((line) => line.text);
  const lines = [0, 1].flatMap((round) =>
    texts.map((text, i) => ({
      voice: voices[(i + round) % voices.length] as (typeof voices)[number],
      text,
      pause: 0.4 + 0.3 * ((i * 7) % 4),
    })),
  );
  const { channels, truth } = await converse(lines);
  const path = join(folder, 'talk.wav');
  await writeWav(path, channels);
  return { path, truth };
}

/** The sample meeting over and over for `seconds`, as a 16 kHz WAV file. */
export function repeatedMeeting(folder: string, seconds: number): string {
  const path = join(folder, `meeting-${seconds}.wav`);
  if (existsSync(path)) return path;
  const input = ['-stream_loop', '-1', '-i', join(SAMPLES, 'meeting.flac'), '-t', String(seconds)];
  const { status, stderr } = spawnSync(
    'ffmpeg',
    ['-nostdin', '-v', 'error', '-y', ...input, '-rf64', 'auto', path],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`ffmpeg: ${stderr}`);
  return path;
}
