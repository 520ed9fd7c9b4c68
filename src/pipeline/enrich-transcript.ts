import { join } from 'node:path';
import { decode, type ChannelPick } from '../audio/decode.ts';
import { openRecording, type Recording } from '../audio/recording.ts';
import { openWaveforms, type WaveformReader } from '../audio/waveform.ts';
import { EarshotError } from '../errors.ts';
import { enrich } from '../speech/enrichment/index.ts';
import { speakerStatistics } from '../speech/enrichment/statistics.ts';
import { withCommands } from '../transcript/commands.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { Task } from '../util/task.ts';
import type { PipelineTask, TranscribeOptions } from './options.ts';
import { enrichmentOptions } from './stage-options.ts';

/**
 * A transcript enriched anew from its recording: what is asked for is replaced, the rest stays. `workDir` must exist and
 * holds decoded audio while it runs. Rejects with `recording_unreadable` when the recording is another one: of another
 * length, or without the channels that the transcript speaks of.
 */
export async function enrichTranscript(
  transcript: Transcript,
  path: string,
  options: Pick<TranscribeOptions, 'enrich' | 'modelsDir' | 'modelBaseUrl' | 'pull' | 'workDir'>,
  task: Task & Pick<PipelineTask, 'onNotice' | 'asTyped'>,
): Promise<Transcript> {
  const recording = await openRecording(path, undefined, task.signal);
  if (recording.sha256 !== transcript.source.sha256)
    task.onNotice?.(
      `warning: ${recording.name} is not the very file that the transcript was made from (its sha256 differs)`,
    );
  const readers = await openChannels(transcript, recording, options.workDir, task.signal);
  try {
    const enriched = await enrich(
      {
        segments: transcript.segments,
        language: transcript.language.code,
        audioOf: (segment) => readers.get(segment.channel) ?? null,
      },
      enrichmentOptions(options, task),
      task,
    );
    const segments = [...enriched.segments];
    const statistics = speakerStatistics(segments, transcript.turns, enriched.baselines);
    const labels = new Map(transcript.speakers.map(({ id, label }) => [id, label]));
    const made = {
      ...transcript,
      segments,
      speakers: statistics.map((speaker) => ({ ...speaker, label: labels.get(speaker.id) ?? speaker.label })),
      stages: { ...transcript.stages, ...renewed(enriched.stages, transcript.stages) },
    };
    return withCommands(made, task.asTyped);
  } finally {
    await Promise.all([...readers.values()].map((reader) => reader.close()));
  }
}

/** The stages that ran now; one that was not asked for keeps what the transcript already says of it. */
function renewed(stages: Transcript['stages'], before: Transcript['stages']): Transcript['stages'] {
  return Object.fromEntries(
    Object.entries(stages).filter(
      ([name, stage]) => stage.status !== 'skipped' || before[name] === undefined,
    ),
  );
}

/** Opens each channel that has segments (null: the mono mix, also where there is none), decoded in one pass. */
async function openChannels(
  transcript: Transcript,
  recording: Recording,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Map<number | null, WaveformReader>> {
  const spoken = new Set(transcript.segments.map(({ channel }) => channel));
  const channels = spoken.size > 0 ? [...spoken] : [null];
  const picks = channels.map((channel) => pickOf(recording, channel));
  const paths = channels.map((_, index) => join(folder, `track-${index}.wav`));
  const { waveforms } = await decode(recording, picks, paths, signal);
  const longest = Math.max(...waveforms.map((waveform) => waveform.duration));
  if (
    longest - transcript.source.duration > 1 ||
    (spoken.has(null) && transcript.source.duration - longest > 1)
  )
    throw wrongRecording(
      recording,
      `lasts ${longest.toFixed(1)} s, not ${transcript.source.duration.toFixed(1)} s`,
    );
  return openWaveforms(waveforms.map((waveform, index) => [channels[index] as number | null, waveform]));
}

/** Where a channel, counted over all streams, is found. */
function pickOf(recording: Recording, channel: number | null): ChannelPick {
  if (channel === null) return { stream: 0, channel: null };
  let before = 0;
  for (const [stream, { channels }] of recording.streams.entries()) {
    if (channel < before + channels) return { stream, channel: channel - before };
    before += channels;
  }
  throw wrongRecording(recording, `has no channel ${channel}`);
}

function wrongRecording(recording: Recording, why: string): EarshotError {
  return new EarshotError(
    'recording_unreadable',
    `the transcript was not made from ${recording.name}: it ${why}`,
    {
      hint: 'give the recording itself with --audio',
    },
  );
}
