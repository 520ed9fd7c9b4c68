import { SAMPLE_RATE, waveformBlocks, type Waveform } from '../../audio/waveform.ts';
import type { Task } from '../../util/task.ts';
import type { SpeechSpan, VadEngine } from './vad.ts';

const FRAME = 320; // 20 ms
const FRAME_SECONDS = FRAME / SAMPLE_RATE;
const READ_SECONDS = 60;
/** The threshold is set anew every 10 s from what is heard up to 30 s around. */
const STEP_FRAMES = 10 / FRAME_SECONDS;
const CONTEXT_FRAMES = 30 / FRAME_SECONDS;
/** Nothing below this is called speech: 16-bit quantisation noise lies near -98 dBFS, a quiet room near -70. */
const SILENCE_DB = -70;
/** Speech stands out of its background by at least this much; a steady hiss or hum does not. */
const MIN_RANGE_DB = 9;
/** Frames this far below the loudest speech are background even in a perfectly silent room. */
const SPEECH_DEPTH_DB = 38;
const ABOVE_FLOOR_DB = 6;
/** The level of speech moves by many dB from syllable to syllable; tones and steady noise stay within this. */
const STEADY_DB = 2;
const MIN_SPEECH_FRAMES = 4;

/**
 * Voice activity by energy alone, for machines without the Silero model: 20 ms frames of the high-passed signal against
 * a threshold between the local noise floor (10th percentile) and the local speech level (95th). Steady sounds (tones,
 * hiss) are not speech. Memory: 4 bytes a frame, 7 MB for 10 hours.
 */
export const energyVad: VadEngine = {
  name: 'energy',
  model: null,
  async detect(waveform, task) {
    const levels = await frameLevels(waveform, task);
    return runs(levels, thresholds(levels))
      .filter((run) => run.to - run.from >= MIN_SPEECH_FRAMES && !isSteady(levels, run))
      .map((run): SpeechSpan => ({
        start: run.from * FRAME_SECONDS,
        end: Math.min(waveform.duration, run.to * FRAME_SECONDS),
      }));
  },
};

/** dBFS of every 20 ms frame after a first-order high-pass at about 100 Hz, which takes out hum, wind and DC. */
async function frameLevels(waveform: Waveform, task: Task): Promise<Float32Array> {
  const levels = new Float32Array(Math.ceil(waveform.samples / FRAME));
  const decay = Math.exp((-2 * Math.PI * 100) / SAMPLE_RATE);
  let [before, passed, frame, filled, energy] = [0, 0, 0, 0, 0];
  for await (const block of waveformBlocks(waveform, READ_SECONDS)) {
    task.signal?.throwIfAborted();
    const samples = block.samples;
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i] as number; // by index: twice as fast as iterating
      passed = decay * (passed + sample - before);
      before = sample;
      energy += passed * passed;
      if (++filled === FRAME) {
        levels[frame++] = toDb(energy / FRAME);
        filled = 0;
        energy = 0;
      }
    }
    task.onProgress?.((block.start + block.samples.length / SAMPLE_RATE) / waveform.duration);
  }
  if (filled > 0) levels[frame] = toDb(energy / filled);
  return levels;
}

function toDb(power: number): number {
  return 10 * Math.log10(power + 1e-12);
}

/** One threshold in dB for every STEP_FRAMES frames; Infinity where nothing stands out. */
function thresholds(levels: Float32Array): Float32Array {
  const steps = new Float32Array(Math.ceil(levels.length / STEP_FRAMES));
  for (let step = 0; step < steps.length; step++) {
    const from = Math.max(0, step * STEP_FRAMES - CONTEXT_FRAMES);
    const around = levels.slice(from, (step + 1) * STEP_FRAMES + CONTEXT_FRAMES).sort();
    const floor = Math.max(SILENCE_DB - 10, around[Math.floor(around.length * 0.1)] as number);
    const top = around[Math.floor(around.length * 0.95)] as number;
    const loudest = around[Math.floor(around.length * 0.99)] as number;
    // A single short word in a long silence lifts only the 99th percentile.
    const speech = top - floor >= MIN_RANGE_DB ? top : loudest;
    steps[step] =
      speech - floor < MIN_RANGE_DB
        ? Infinity
        : Math.max(SILENCE_DB, floor + ABOVE_FLOOR_DB, speech - SPEECH_DEPTH_DB);
  }
  return steps;
}

interface FrameRun {
  readonly from: number;
  readonly to: number;
}

function runs(levels: Float32Array, steps: Float32Array): FrameRun[] {
  const found: FrameRun[] = [];
  let from = -1;
  for (let i = 0; i <= levels.length; i++) {
    const speaks =
      i < levels.length && (levels[i] as number) > (steps[Math.floor(i / STEP_FRAMES)] as number);
    if (speaks && from < 0) from = i;
    if (!speaks && from >= 0) {
      found.push({ from, to: i });
      from = -1;
    }
  }
  return found;
}

/** A run of half a second or more whose level hardly moves is a tone or noise; a shorter one may be a vowel. Its ends are edges. */
function isSteady(levels: Float32Array, run: FrameRun): boolean {
  const inner = levels.subarray(run.from + 2, run.to - 2);
  if (inner.length < 25) return false;
  const mean = inner.reduce((sum, value) => sum + value, 0) / inner.length;
  const variance = inner.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inner.length;
  return Math.sqrt(variance) < STEADY_DB;
}
