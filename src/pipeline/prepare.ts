import type { Recording } from '../audio/recording.ts';
import { openWaveform, type Waveform } from '../audio/waveform.ts';
import { sha256 } from '../util/hash.ts';
import { chooseVad } from '../speech/vad/index.ts';
import { cutLongSpans, DEFAULT_SPAN_SHAPE, shapeSpans } from '../speech/vad/spans.ts';
import type { VadEngine } from '../speech/vad/vad.ts';
import { planChunks, uncovered, type Chunking } from './chunks.ts';
import type { PipelineTask, TranscribeOptions } from './options.ts';
import type { Chunk, Plan, Track } from './plan.ts';
import { decodeTracks } from './tracks.ts';

/**
 * Decodes the recording into `folder`, finds speech and cuts it into chunks. The plan depends on the recording and the
 * options alone. Rejects with the errors of `decode` and of chooseVad.
 */
export async function prepare(
  recording: Recording,
  options: Pick<TranscribeOptions, 'diarization' | 'vad' | 'modelsDir' | 'modelBaseUrl' | 'pull'>,
  chunking: Chunking,
  folder: string,
  task: PipelineTask,
): Promise<Plan> {
  const vad = await chooseVad(options.vad, { ...options, ...task });
  const { tracks, warnings } = await decodeTracks(recording, options.diarization, folder, task.signal);
  task.onProgress?.({ stage: 'prepare', done: 0.5, total: 1 });
  const found: Awaited<ReturnType<typeof cutTrack>>[] = [];
  for (const [index, { waveform }] of tracks.entries())
    found.push(await cutTrack(waveform, index, vad, chunking, task.signal));
  const duration = Math.max(...tracks.map(({ waveform }) => waveform.duration));
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
    vad: { engine: vad.name, model: vad.model },
    tracks: tracks.map(({ channel, waveform }, index): Track => ({
      channel,
      waveform: { ...waveform },
      spans: found[index]?.spans ?? [],
    })),
    chunks,
    gaps: uncovered(chunks, round(duration)).map((gap) => ({ ...gap, reason: 'no_speech' })),
    warnings,
  };
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

function rounded<T extends { start: number; end: number }>(span: T): T {
  return { ...span, start: round(span.start), end: round(span.end) };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
