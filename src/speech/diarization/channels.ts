import { SAMPLE_RATE, waveformBlocks } from '../../audio/waveform.ts';
import type { Task } from '../../util/task.ts';
import { slidingMaximum, speechRegions } from './activity.ts';
import type { DiarizationEngine, DiarizationTrack } from './diarization.ts';
import { frameLevels, HOP, HOP_SECONDS } from './levels.ts';
import { nameSpeakers } from './turns.ts';

const READ_SECONDS = 60;
/** A channel that is this much quieter than another one at the moment… */
const QUIETER_DB = 6;
/** …and than its own usual speech only hears that one. */
const BELOW_USUAL_DB = 14;
/** Levels are compared by their maximum within this many frames on both sides: syllables alternate. */
const COMPARED_FRAMES = 6;
/** A channel that is never the loudest for as long as this has no speaker of its own. Frames. */
const LEAST_OWN_FRAMES = 20;
const SILENT_DB = -100;

/**
 * One speaker a channel, whatever number was asked for. Turns are the channel's speech with tight edges; where it only
 * hears another channel's speaker (cross-talk) it does not speak, while true simultaneous speech stays simultaneous.
 */
export const channelDiarization: DiarizationEngine = {
  name: 'channels',
  check: () => Promise.resolve({ ok: true, model: null, device: 'cpu' }),
  async diarize(tracks, _options, task) {
    const levels: Float32Array[] = [];
    for (const track of tracks) levels.push(await levelsOf(track, levels.length, tracks.length, task));
    const own = levels.map((_, i) => withoutCrossTalk(levels, i, tracks[i] as DiarizationTrack));
    const turns = tracks.flatMap(({ channel, spans, waveform }, speaker) =>
      speechRegions(own[speaker] as Float32Array, spans.map(inFrames(levels[speaker] as Float32Array))).map(
        ({ from, to }) => ({
          start: from * HOP_SECONDS,
          end: Math.min(waveform.duration, to * HOP_SECONDS),
          speaker,
          channel,
        }),
      ),
    );
    task.onProgress?.(1);
    return nameSpeakers(turns);
  },
};

async function levelsOf(
  { waveform }: DiarizationTrack,
  index: number,
  count: number,
  task: Task,
): Promise<Float32Array> {
  const levels = new Float32Array(Math.ceil(waveform.samples / HOP));
  for await (const { start, samples } of waveformBlocks(waveform, READ_SECONDS)) {
    task.signal?.throwIfAborted();
    levels.set(frameLevels(samples), Math.round((start * SAMPLE_RATE) / HOP));
    task.onProgress?.((index + (start + samples.length / SAMPLE_RATE) / waveform.duration) / (count + 1));
  }
  return levels;
}

/** The levels of a track, with silence where another track's speaker is all that it hears. */
function withoutCrossTalk(
  levels: readonly Float32Array[],
  index: number,
  track: DiarizationTrack,
): Float32Array {
  const own = levels[index] as Float32Array;
  if (levels.length === 1) return own;
  const smooth = levels.map((track) => slidingMaximum(track, COMPARED_FRAMES));
  const mine = smooth[index] as Float32Array;
  const loudestOther = mine.map((_, frame) =>
    smooth.reduce(
      (top, other, i) => (i === index ? top : Math.max(top, other[frame] ?? SILENT_DB)),
      SILENT_DB,
    ),
  );
  const usual = usualLevel(mine, loudestOther, track);
  return own.map((level, frame) => {
    const now = mine[frame] as number;
    const hearsOther = now < (loudestOther[frame] as number) - QUIETER_DB && now < usual - BELOW_USUAL_DB;
    return hearsOther ? SILENT_DB : level;
  });
}

/** Median level of the track's speech while it is the loudest; Infinity when it never is. */
function usualLevel(mine: Float32Array, loudestOther: Float32Array, track: DiarizationTrack): number {
  const leading: number[] = [];
  for (const { from, to } of track.spans.map(inFrames(mine)))
    for (let i = from; i < to; i++)
      if ((mine[i] as number) > (loudestOther[i] as number)) leading.push(mine[i] as number);
  if (leading.length < LEAST_OWN_FRAMES) return Infinity;
  leading.sort((a, b) => a - b);
  return leading[leading.length >> 1] as number;
}

const inFrames =
  (levels: Float32Array) =>
  ({ start, end }: { readonly start: number; readonly end: number }): { from: number; to: number } => ({
    from: Math.min(levels.length, Math.round(start / HOP_SECONDS)),
    to: Math.min(levels.length, Math.round(end / HOP_SECONDS)),
  });
