import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { openWaveform } from '../../../audio/waveform.ts';
import type { Task } from '../../../util/task.ts';
import { blocksOf } from '../blocks.ts';
import type { DiarizationEngine, DiarizationTrack, SpeakerCount } from '../diarization.ts';
import { HOP, HOP_SECONDS } from '../levels.ts';
import { nameSpeakers, type NumberedTurn } from '../turns.ts';
import { diarizeBlock } from './block.ts';
import type { ClusterCount } from './cluster.ts';
import { linkVoices } from './link.ts';

/**
 * Diarization without any model: cepstra, spectral clustering of short pieces by Bayesian evidence, Viterbi
 * resegmentation. It works in blocks of a few minutes and links their voices by sufficient statistics, so cost grows linearly with the
 * recording and memory hardly at all. Between blocks other work gets its turn.
 */
export const classicDiarization: DiarizationEngine = {
  name: 'classic',
  check: () => Promise.resolve({ ok: true, model: null, device: 'cpu' }),
  async diarize(tracks, options, task) {
    const wanted = options.speakers ?? options.min ?? 1;
    const blocks = tracks.flatMap((track) => blocksOf(track.spans, track.waveform.duration)).length;
    const atMost = options.speakers ?? options.max ?? Infinity;
    // Not everybody speaks in every block: only a recording of one block can be told to find them all there.
    const first = await diarizeTracks(tracks, options, { atLeast: blocks > 1 ? 1 : wanted, atMost }, task);
    const found = new Set(first.map((turn) => turn.speaker)).size;
    if (found >= wanted || blocks <= 1) return nameSpeakers(first);
    return nameSpeakers(
      await diarizeTracks(tracks, options, { atLeast: wanted, atMost }, withoutProgress(task)),
    );
  },
};

const withoutProgress = ({ signal }: Task): Task => ({ ...(signal && { signal }) });

async function diarizeTracks(
  tracks: readonly DiarizationTrack[],
  count: SpeakerCount,
  inBlock: ClusterCount,
  task: Task,
): Promise<NumberedTurn[]> {
  const linker = linkVoices(count);
  const turns: NumberedTurn[] = [];
  const total = tracks.reduce((sum, { waveform }) => sum + waveform.duration, 0);
  let before = 0;
  let index = 0;
  for (const { waveform, spans, channel } of tracks) {
    const reader = await openWaveform(waveform);
    try {
      for (const block of blocksOf(spans, waveform.duration)) {
        task.signal?.throwIfAborted();
        const samples = await reader.slice(block.start, block.end);
        const last = Math.floor(samples.length / HOP);
        const frame = (seconds: number): number =>
          Math.max(0, Math.min(last, Math.round((seconds - block.start) / HOP_SECONDS)));
        const regions = block.spans.map(({ start, end }) => ({ from: frame(start), to: frame(end) }));
        const found = diarizeBlock(samples, regions, inBlock);
        const blockNumber = index++;
        const voices = found.voices.map((statistics) => linker.add({ statistics, blocks: [blockNumber] }));
        for (const { from, to, voice } of found.stretches)
          turns.push({
            start: block.start + from * HOP_SECONDS,
            end: block.start + to * HOP_SECONDS,
            speaker: voices[voice] as number,
            channel,
          });
        task.onProgress?.((before + block.end) / total);
        await yieldToEvents();
      }
    } finally {
      await reader.close();
    }
    before += waveform.duration;
  }
  const speakers = linker.speakers();
  return turns.map((turn) => ({ ...turn, speaker: speakers[turn.speaker] as number }));
}
