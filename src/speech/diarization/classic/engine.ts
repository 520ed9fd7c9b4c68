import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { openWaveform, SAMPLE_RATE } from '../../../audio/waveform.ts';
import type { Task } from '../../../util/task.ts';
import type { DiarizationEngine, DiarizationTrack, SpeakerCount } from '../diarization.ts';
import type { Region } from '../activity.ts';
import { blocksOf } from '../blocks.ts';
import { HOP, HOP_SECONDS } from '../levels.ts';
import type { Linker } from '../linker.ts';
import { nameSpeakers } from '../turns.ts';
import { diarizeBlock } from './block.ts';
import { SPEAKER_THRESHOLD } from './cluster.ts';
import { linkVoices } from './link.ts';
import type { Statistics } from './statistics.ts';

/**
 * Diarization without any model: cepstra, Bayesian clustering of Gaussian voices, Viterbi resegmentation. It works in
 * blocks of a few minutes and links their voices by sufficient statistics, so cost grows linearly with the recording
 * and memory hardly at all. Between blocks other work gets its turn.
 */
export const classicDiarization: DiarizationEngine = {
  name: 'classic',
  check: () => Promise.resolve({ ok: true, model: null, device: 'cpu' }),
  async diarize(tracks, options, task) {
    const linker = linkVoices(options);
    const turns: UnnamedTurn[] = [];
    const total = tracks.reduce((sum, track) => sum + track.waveform.duration, 0);
    let done = 0;
    for (const track of tracks) {
      const own: Task = {
        ...task,
        onProgress: (fraction) =>
          task.onProgress?.((done + fraction * track.waveform.duration) / Math.max(total, 1e-9)),
      };
      turns.push(...(await diarizeTrack(track, options, linker, own)));
      done += track.waveform.duration;
    }
    const speakers = linker.speakers();
    return nameSpeakers(turns.map((turn) => ({ ...turn, speaker: speakers[turn.voice] as number })));
  },
};

interface UnnamedTurn {
  readonly start: number;
  readonly end: number;
  readonly voice: number;
  readonly channel: number | null;
}

async function diarizeTrack(
  track: DiarizationTrack,
  count: SpeakerCount,
  linker: Linker<Statistics>,
  task: Task,
): Promise<UnnamedTurn[]> {
  const reader = await openWaveform(track.waveform);
  const turns: UnnamedTurn[] = [];
  const rule = {
    atLeast: count.speakers ?? count.min ?? 1,
    atMost: Infinity,
    threshold: SPEAKER_THRESHOLD,
  };
  try {
    for (const block of blocksOf(track.spans, track.waveform.duration)) {
      task.signal?.throwIfAborted();
      const samples = await reader.slice(block.start, block.end);
      const last = Math.floor(samples.length / HOP);
      const frame = (seconds: number): number =>
        Math.min(last, Math.round((seconds - block.start) / HOP_SECONDS));
      const spans: Region[] = block.spans.map((span) => ({ from: frame(span.start), to: frame(span.end) }));
      const found = diarizeBlock(samples, spans, rule);
      const voices = found.voices.map((voice) => linker.add(voice));
      for (const { from, to, voice } of found.stretches)
        turns.push({
          start: block.start + (from * HOP) / SAMPLE_RATE,
          end: block.start + (to * HOP) / SAMPLE_RATE,
          voice: voices[voice] as number,
          channel: track.channel,
        });
      task.onProgress?.(block.end / track.waveform.duration);
      await yieldToEvents();
    }
  } finally {
    await reader.close();
  }
  return turns;
}
