import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, type ChannelPick } from '../audio/decode.ts';
import type { Recording } from '../audio/recording.ts';
import { areSeparate } from '../audio/separation.ts';
import { openWaveform, type Waveform } from '../audio/waveform.ts';
import { sha256 } from '../util/hash.ts';
import { chooseVad } from '../speech/vad/index.ts';
import { cutLongSpans, DEFAULT_SPAN_SHAPE, shapeSpans } from '../speech/vad/spans.ts';
import type { VadEngine } from '../speech/vad/vad.ts';
import { planChunks, uncovered, type Chunking } from './chunks.ts';
import type { PipelineTask, TranscribeOptions } from './options.ts';
import type { Chunk, Plan, Track } from './plan.ts';

type Warning = Plan['warnings'][number];

/**
 * Decodes the recording into `folder`, finds speech and cuts it into chunks. The plan depends on the recording and the
 * options alone. Rejects with the errors of `decode`.
 */
export async function prepare(
  recording: Recording,
  options: Pick<TranscribeOptions, 'diarization' | 'vad' | 'modelsDir'>,
  chunking: Chunking,
  folder: string,
  task: PipelineTask,
): Promise<Plan> {
  const { waveforms, picks, warnings } = await decodeTracks(
    recording,
    options.diarization,
    folder,
    task.signal,
  );
  task.onProgress?.({ stage: 'prepare', done: 0.5, total: 1 });
  const vad = await chooseVad(options.vad, options.modelsDir);
  if (vad.fallback !== null) warnings.push({ code: 'vad_fallback', message: vad.fallback });
  const found: Awaited<ReturnType<typeof cutTrack>>[] = [];
  for (const [index, waveform] of waveforms.entries())
    found.push(await cutTrack(waveform, index, vad.engine, chunking, task.signal));
  const duration = Math.max(...waveforms.map((waveform) => waveform.duration));
  const chunks = found.flatMap((track) => track.chunks).map((chunk, index) => ({ ...chunk, index }));
  task.onProgress?.({ stage: 'prepare', done: 1, total: 1 });
  return {
    schema: 'earshot.plan/1',
    source: {
      name: recording.name,
      sha256: recording.sha256,
      bytes: recording.bytes,
      container: recording.container,
      codec: recording.streams[0]?.codec ?? 'unknown',
      sample_rate: recording.streams[0]?.sampleRate ?? 0,
      channels: recording.streams.reduce((sum, stream) => sum + stream.channels, 0),
      duration: round(duration),
    },
    vad: { engine: vad.engine.name, model: vad.engine.model },
    tracks: waveforms.map((waveform, index): Track => ({
      channel: channelOf(recording, picks[index] as ChannelPick),
      waveform: { ...waveform },
      spans: found[index]?.spans ?? [],
    })),
    chunks,
    gaps: uncovered(chunks, round(duration)).map((gap) => ({ ...gap, reason: 'no_speech' })),
    warnings,
  };
}

/** Which signals to keep: every channel when asked to or when a stereo recording is two sources, else the mono mix. */
async function decodeTracks(
  recording: Recording,
  diarization: TranscribeOptions['diarization'],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ waveforms: Waveform[]; picks: ChannelPick[]; warnings: Warning[] }> {
  const each = recording.streams.flatMap((stream, index) =>
    Array.from({ length: stream.channels }, (_, channel): ChannelPick => ({ stream: index, channel })),
  );
  const mix: ChannelPick = { stream: 0, channel: null };
  const mayBeCall = diarization === 'auto' && recording.streams.length === 1 && each.length === 2;
  const picks = diarization === 'channels' ? each : mayBeCall ? [mix, ...each] : [mix];
  const paths = picks.map((_, index) => join(folder, `track-${index}.wav`));
  const { waveforms, damage } = await decode(recording, picks, paths, signal);
  const warnings = decodeWarnings(recording, picks, waveforms, damage);
  if (!mayBeCall) return { waveforms: [...waveforms], picks, warnings };
  const [mixed, left, right] = waveforms as [Waveform, Waveform, Waveform];
  const apart = await areSeparate(left, right, signal);
  const dropped = apart ? [mixed] : [left, right];
  await Promise.all(dropped.map((waveform) => rm(waveform.path)));
  return apart
    ? { waveforms: [left, right], picks: each, warnings }
    : { waveforms: [mixed], picks: [mix], warnings };
}

function decodeWarnings(
  recording: Recording,
  picks: readonly ChannelPick[],
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
  if (stated !== null && stated - decoded > Math.max(1, stated * 0.01))
    warnings.push({
      code: 'recording_truncated',
      message: `the file states ${stated.toFixed(1)} s of audio, but only ${decoded.toFixed(1)} s could be decoded`,
    });
  if (recording.streams.length > 1 && picks.every((pick) => pick.stream === 0))
    warnings.push({
      code: 'streams_ignored',
      message: `the first of ${recording.streams.length} audio streams was used; --diarization channels takes all`,
    });
  return warnings;
}

async function cutTrack(
  waveform: Waveform,
  track: number,
  vad: VadEngine,
  chunking: Chunking,
  signal: AbortSignal | undefined,
): Promise<{ spans: Track['spans']; chunks: Chunk[] }> {
  if (waveform.samples === 0) return { spans: [], chunks: [] };
  const raw = await vad.detect(waveform, signal ? { signal } : {});
  const reader = await openWaveform(waveform);
  try {
    const spans = shapeSpans(raw, waveform.duration, DEFAULT_SPAN_SHAPE).map(rounded);
    const pieces = await cutLongSpans(spans, reader, Math.min(DEFAULT_SPAN_SHAPE.maxSpan, chunking.max - 1));
    const chunks: Chunk[] = [];
    for (const cut of planChunks(pieces.map(rounded), chunking, waveform.duration).map(rounded)) {
      signal?.throwIfAborted();
      const pcm = await reader.bytes(cut.start, cut.end);
      chunks.push({ index: chunks.length, track, ...cut, sha256: sha256(pcm) });
    }
    return { spans, chunks };
  } finally {
    await reader.close();
  }
}

/** The channel counted over all streams; null for the mono mix. */
function channelOf(recording: Recording, pick: ChannelPick): number | null {
  if (pick.channel === null) return null;
  return (
    recording.streams.slice(0, pick.stream).reduce((sum, stream) => sum + stream.channels, 0) + pick.channel
  );
}

function rounded<T extends { start: number; end: number }>(span: T): T {
  return { ...span, start: round(span.start), end: round(span.end) };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
