import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import type { Progress, TranscribeOptions } from '../../src/pipeline/options.ts';
import { noneRecognized, type ChunkResult } from '../../src/pipeline/chunk-result.ts';
import { transcribe } from '../../src/pipeline/transcribe.ts';
import type { ChunkAudio, RecognitionEngine } from '../../src/speech/recognition/recognition.ts';
import { transcriptSchema, type Transcript } from '../../src/transcript/schema.ts';
import { canonicalJson } from '../../src/util/hash.ts';
import { SAMPLES } from '../support/media.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const MEETING = join(SAMPLES, 'meeting.flac');

/** A recogniser behind our own interface: three words a chunk that are made of the chunk's sound. */
function countingEngine(
  refuse: (audio: ChunkAudio) => boolean = () => false,
): RecognitionEngine & { calls: number[] } {
  const calls: number[] = [];
  return {
    name: 'counting',
    calls,
    chunking: { target: 30, max: 60 },
    check: async () => ({ ok: true, model: null, device: 'cpu' }),
    open: async (options) => ({
      ...{ engine: 'counting', model: null, device: 'cpu', concurrency: options.jobs ?? 1 },
      recognize: async (audio) => {
        calls.push(audio.start);
        if (refuse(audio)) throw new EarshotError('engine_unavailable', 'refused');
        const loudest = audio.samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const words = [0, 1, 2].map((i) => ({
          ...{ text: `w${Math.round(loudest * 1000)}`, confidence: null, speaker: null },
          ...{ start: audio.start + i, end: audio.start + i + 0.5 },
        }));
        return { words, language: { code: 'en', confidence: null } };
      },
      close: async () => undefined,
    }),
  };
}

function options(name: string, changes: Partial<TranscribeOptions> = {}): TranscribeOptions {
  return {
    ...{
      engine: 'counting',
      model: null,
      language: 'auto',
      task: 'transcribe',
      vad: 'energy',
      diarization: 'classic',
    },
    ...{
      speakers: null,
      minSpeakers: null,
      maxSpeakers: null,
      enrich: ['prosody'],
      workers: [],
      jobs: 1,
      resume: true,
    },
    ...{
      pull: false,
      modelsDir: join(folder, 'models'),
      modelBaseUrl: null,
      workDir: join(folder, name),
      name: null,
    },
    ...changes,
  };
}

/** What must not differ between runs: all but stage seconds and the receipt. */
function essence({ receipt: _receipt, stages, ...rest }: Transcript): string {
  const timeless = Object.entries(stages).map(([name, stage]) => [name, { ...stage, seconds: null }]);
  return canonicalJson({ ...rest, stages: Object.fromEntries(timeless) });
}

test('the transcript is valid, the same for 1 and 4 jobs, and leaves no work behind', async () => {
  const one = await transcribe(MEETING, options('one'), {}, [countingEngine()]);
  const four = await transcribe(MEETING, options('four', { jobs: 4 }), {}, [countingEngine()]);
  transcriptSchema.parse(one);
  assert.equal(essence(four), essence(one));
  assert.deepEqual(readdirSync(join(folder, 'four')), []);
  assert.ok(one.segments.length > 3 && one.segments.every((segment) => segment.speaker !== null));
});

test('E5: chunks and gaps of a plan cover the recording', async () => {
  const engine = countingEngine();
  const { gaps, source } = await transcribe(MEETING, options('cover'), {}, [engine]);
  assert.ok(gaps.every((gap) => gap.reason === 'no_speech' && gap.start >= 0 && gap.end <= source.duration));
  const silent = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
  assert.ok(engine.calls.length >= 4 && silent < 10);
});

test('E3: a run that is cut short goes on with the chunks that are missing, to the same transcript', async () => {
  const whole = await transcribe(MEETING, options('whole'), {}, [countingEngine()]);
  const stop = new AbortController();
  const first = countingEngine();
  const cut = transcribe(
    MEETING,
    options('cut'),
    {
      signal: stop.signal,
      onProgress: ({ stage, done }) => stage === 'recognize' && done >= 2 && stop.abort(),
    },
    [first],
  );
  await assert.rejects(cut, { name: 'AbortError' });
  const second = countingEngine();
  const resumed = await transcribe(MEETING, options('cut'), {}, [second]);
  assert.equal(essence(resumed), essence(whole));
  assert.equal(new Set([...first.calls, ...second.calls]).size, first.calls.length + second.calls.length);
});

test('E3: a waveform that was lost or zeroed by a power cut is decoded again, not taken for silence', async () => {
  const whole = await transcribe(MEETING, options('sound'), {}, [countingEngine()]);
  for (const harm of [
    (path: string) => rmSync(path),
    (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
  ]) {
    const stop = new AbortController();
    const cut = {
      signal: stop.signal,
      onProgress: ({ stage }: Progress) => stage === 'recognize' && stop.abort(),
    };
    await assert.rejects(transcribe(MEETING, options('harmed'), cut, [countingEngine()]), {
      name: 'AbortError',
    });
    const [key] = readdirSync(join(folder, 'harmed')).filter((name) => !name.endsWith('.lock'));
    harm(join(folder, 'harmed', key as string, 'track-0.wav'));
    assert.equal(
      essence(await transcribe(MEETING, options('harmed'), {}, [countingEngine()])),
      essence(whole),
    );
  }
});

test('E6: a chunk that cannot be recognised is a gap and a warning, and the rest is kept', async () => {
  const badly = countingEngine((audio) => audio.start > 10 && audio.start < 25);
  const failing: RecognitionEngine = {
    ...badly,
    open: async (asked) => {
      const recognizer = await badly.open(asked);
      return {
        ...recognizer,
        recognize: async (audio, request) =>
          recognizer.recognize(audio, request).catch(() => {
            throw new EarshotError('worker_failed', 'every worker failed it');
          }),
      };
    },
  };
  const transcript = await transcribe(MEETING, options('gap'), {}, [failing]);
  const lost = transcript.gaps.filter((gap) => gap.reason === 'recognition_failed');
  assert.ok(lost.length >= 1);
  assert.equal(transcript.warnings.filter((warning) => warning.code === 'chunk_failed').length, lost.length);
  assert.equal(transcript.stages['recognize']?.status, 'failed');
  assert.ok(transcript.segments.length > 0);
  const mended = countingEngine();
  const again = await transcribe(MEETING, options('gap'), {}, [mended]);
  assert.equal(mended.calls.length, lost.length);
  assert.deepEqual(again.warnings, []);
});

test('an engine that can do nothing ends the run with its own error', async () => {
  const engine = countingEngine(() => true);
  await assert.rejects(transcribe(MEETING, options('dead'), {}, [engine]), { code: 'engine_unavailable' });
});

test('a run of which no chunk is recognised ends with what all of them failed with', () => {
  const failed = (code: string): ChunkResult => ({ recognition: null, error: `why: ${code}`, code });
  const heard: ChunkResult = {
    recognition: { words: [], language: { code: null, confidence: null } },
    error: null,
  };
  const unknown = failed('language_unsupported');
  assert.equal(noneRecognized([unknown, unknown], 'a.wav')?.code, 'language_unsupported');
  assert.equal(noneRecognized([unknown, failed('worker_failed')], 'a.wav')?.code, 'engine_failed');
  assert.equal(noneRecognized([failed('worker_failed')], 'a.wav')?.kind.retryable, false);
  assert.equal(noneRecognized([failed('of another version')], 'a.wav')?.code, 'engine_failed');
  assert.equal(noneRecognized([unknown, heard], 'a.wav'), null);
  assert.equal(noneRecognized([], 'a.wav'), null);
});

for (const name of ['silence', 'noise', 'tone'])
  test(`${name} has no segments, and a warning says so`, async () => {
    const transcript = await transcribe(join(SAMPLES, `${name}.flac`), options(name), {}, [countingEngine()]);
    transcriptSchema.parse(transcript);
    assert.deepEqual([transcript.segments, transcript.turns, transcript.speakers], [[], [], []]);
    assert.deepEqual(
      transcript.warnings.map((warning) => warning.code),
      ['no_speech'],
    );
    assert.deepEqual(transcript.gaps, [{ start: 0, end: transcript.source.duration, reason: 'no_speech' }]);
  });

test('the two ends of a call are told apart without being asked to', async () => {
  const call = await transcribe(join(SAMPLES, 'call.flac'), options('call', { diarization: 'auto' }), {}, [
    countingEngine(),
  ]);
  assert.equal(call.stages['diarize']?.engine, 'channels');
  assert.deepEqual(
    call.speakers.map((speaker) => speaker.id),
    ['S1', 'S2'],
  );
  assert.deepEqual([...new Set(call.segments.map((segment) => segment.channel))].sort(), [0, 1]);
});
