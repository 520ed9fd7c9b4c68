import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, type ChannelPick } from '../audio/decode.ts';
import type { Recording } from '../audio/recording.ts';
import { relateChannels } from '../audio/separation.ts';
import { syncWaveform, type Waveform } from '../audio/waveform.ts';
import type { Warning } from '../transcript/schema.ts';
import type { TranscribeOptions } from './options.ts';

/** A signal of the recording that is worked on: one of its channels, counted over all streams, or (null) the mono mix. */
export interface DecodedTrack {
  readonly channel: number | null;
  readonly waveform: Waveform;
}

const MIX: ChannelPick = { stream: 0, channel: null };

/**
 * Decodes into `folder` what is to be heard: every channel when `channels` is asked for, or when a stereo recording
 * turns out to be two sources; the mono mix of the first stream otherwise.
 */
export async function decodeTracks(
  recording: Recording,
  diarization: TranscribeOptions['diarization'],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ tracks: DecodedTrack[]; warnings: Warning[] }> {
  const each = recording.streams.flatMap((stream, index) =>
    Array.from({ length: stream.channels }, (_, channel): ChannelPick => ({ stream: index, channel })),
  );
  const stereo = recording.streams[0]?.channels === 2 && diarization !== 'channels';
  const picks = diarization === 'channels' ? each : stereo ? [MIX, ...each.slice(0, 2)] : [MIX];
  const paths = picks.map((_, index) => join(folder, `track-${index}.wav`));
  const { waveforms, damage } = await decode(recording, picks, paths, signal);
  const warnings = warningsOf(recording, diarization, waveforms, damage);
  const tracks = stereo
    ? await chooseStereo(
        waveforms as [Waveform, Waveform, Waveform],
        diarization,
        recording,
        warnings,
        signal,
      )
    : waveforms.map((waveform, i) => ({ channel: diarization === 'channels' ? i : null, waveform }));
  const unused = waveforms.filter((waveform) => tracks.every((track) => track.waveform !== waveform));
  await Promise.all(unused.map((waveform) => rm(waveform.path, { force: true })));
  await Promise.all(tracks.map((track) => syncWaveform(track.waveform)));
  return { tracks, warnings };
}

async function chooseStereo(
  [mix, left, right]: [Waveform, Waveform, Waveform],
  diarization: TranscribeOptions['diarization'],
  recording: Recording,
  warnings: Warning[],
  signal: AbortSignal | undefined,
): Promise<DecodedTrack[]> {
  const relation = await relateChannels(mix, left, right, signal);
  if (relation === 'separate' && diarization === 'auto' && recording.streams.length === 1)
    return [
      { channel: 0, waveform: left },
      { channel: 1, waveform: right },
    ];
  if (relation !== 'cancelling') return [{ channel: null, waveform: mix }];
  warnings.push({
    code: 'channels_cancel',
    message:
      'the two channels have opposite polarity and cancel each other: the left one was used instead of the mix',
  });
  return [{ channel: null, waveform: left }];
}

function warningsOf(
  recording: Recording,
  diarization: TranscribeOptions['diarization'],
  waveforms: readonly Waveform[],
  damage: string | null,
): Warning[] {
  const warnings: Warning[] = [];
  if (damage !== null)
    warnings.push({
      code: 'recording_damaged',
      message: `parts could not be decoded and were skipped: ${damage}`,
    });
  const decoded = Math.max(...waveforms.map((waveform) => waveform.duration));
  const stated = recording.statedDuration;
  if (recording.understated)
    warnings.push({
      code: 'recording_length_wrong',
      message: `the header states ${(stated ?? 0).toFixed(1)} s of audio, but the file holds ${decoded.toFixed(1)} s: all of it was used`,
    });
  if (stated !== null && stated - decoded > Math.max(1, stated * 0.01))
    warnings.push({
      code: 'recording_truncated',
      message: `the file states ${stated.toFixed(1)} s of audio, but only ${decoded.toFixed(1)} s could be decoded`,
    });
  if (recording.streams.length > 1 && diarization !== 'channels')
    warnings.push({
      code: 'streams_ignored',
      message: `the first of ${recording.streams.length} audio streams was used; --diarization channels takes all`,
    });
  return warnings;
}
