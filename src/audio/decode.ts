import { stat } from 'node:fs/promises';
import { EarshotError } from '../errors.ts';
import { longestDuration, refuseLateStart, refuseLongDuration, refuseLongHole } from './length-limits.ts';
import { mediaInput, runMediaTool, unreadable } from './probe.ts';
import type { Recording } from './recording.ts';
import { SAMPLE_RATE, WAV_HEADER_BYTES, type Waveform } from './waveform.ts';

/** What to take from a recording: all channels of a stream mixed to mono (channel null) or one of them. */
export interface ChannelPick {
  readonly stream: number;
  readonly channel: number | null;
}

/** Waveforms in the order of the picks, and what ffmpeg complained about while decoding (null: nothing). */
export interface Decoded {
  readonly waveforms: readonly Waveform[];
  readonly damage: string | null;
}

/**
 * Decodes picks of a recording to 16 kHz mono WAV files, in one pass of ffmpeg, straight to disk. Time 0 is the start
 * of the container: a late audio stream is padded and holes in its timestamps are filled with silence, so that seconds
 * in the waveform are seconds in a player. Damaged parts are skipped as far as ffmpeg can; `damage` then says so.
 * Rejects with `recording_unreadable` when not one sample comes out or its timestamps claim more time than can be right
 * (length-limits.ts), `disk_full`, `ffmpeg_missing`, `cancelled`.
 */
export async function decode(
  recording: Recording,
  picks: readonly ChannelPick[],
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Decoded> {
  for (const { stream } of picks) refuseLateStart(recording, stream);
  const longest = longestDuration(recording);
  const filters = picks.map((pick, i) => `[0:a:${pick.stream}]${filterFor(recording, pick)}[out${i}]`);
  const outputs = paths.flatMap((path, i) => [
    ...['-map', `[out${i}]`, '-c:a', 'pcm_s16le'],
    ...['-bitexact', '-t', longest.toFixed(3)],
    ...['-f', 'wav', path],
  ]);
  const exit = await runMediaTool(
    'ffmpeg',
    [
      ...['-nostdin', '-v', 'error', '-y', ...(recording.understated ? ['-ignore_length', '1'] : [])],
      ...[...mediaInput(recording.path), '-vn', '-sn', '-dn'],
      ...['-filter_complex', filters.join(';'), ...outputs],
    ],
    signal,
  );
  if (/No space left on device/.test(exit.stderr))
    throw new EarshotError('disk_full', `no space left on the device while decoding ${recording.name}`, {
      hint: 'one hour of audio needs 115 MB of work space a channel; choose another place with --data',
    });
  const waveforms = await Promise.all(paths.map(measure));
  refuseLongHole(recording, exit.stderr);
  for (const waveform of waveforms) refuseLongDuration(recording, waveform.duration);
  if (waveforms.every((waveform) => waveform.samples === 0)) throw unreadable(recording.name, exit.stderr);
  return { waveforms, damage: exit.code !== 0 || exit.stderr.trim() !== '' ? lastLine(exit.stderr) : null };
}

/**
 * Channels are averaged with equal weight: ffmpeg's own downmix drops the LFE channel of surround layouts, which in
 * multi-track recordings is a microphone like any other.
 */
function filterFor(recording: Recording, pick: ChannelPick): string {
  const channels = recording.streams[pick.stream]?.channels ?? 1;
  const mix = Array.from({ length: channels }, (_, c) => `${1 / channels}*c${c}`).join('+');
  const pan =
    pick.channel !== null ? `pan=mono|c0=c${pick.channel},` : channels > 1 ? `pan=mono|c0=${mix},` : '';
  const mono = `${pan}aresample=${SAMPLE_RATE},aformat=sample_fmts=s16:channel_layouts=mono`;
  return `${mono},aresample=async=1:first_pts=0`; // holes are filled last, where a second takes the least memory
}

async function measure(path: string): Promise<Waveform> {
  const bytes = await stat(path).then(
    (info) => info.size,
    () => 0,
  );
  const samples = Math.max(0, Math.floor((bytes - WAV_HEADER_BYTES) / 2));
  return { path, samples, duration: samples / SAMPLE_RATE };
}

function lastLine(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return line.replace(/file:\S.*?: /, '').replace(/^\[[^\]]*\] /, '') || 'ffmpeg ended with an error';
}
