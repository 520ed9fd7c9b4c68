/**
 * One transcription in a process of its own, for benchmarks: `node bench/run-one.ts <recording> <work folder> <engine>`
 * with engine "null" or a real one, or "remote=<url>,<url>". Prints {seconds, audioSeconds, peakMegabytes, text} as JSON;
 * `text` is the words only.
 */
import { WRITERS } from '../src/writers/index.ts';
import { DEFAULT_WRITER_OPTIONS, piecesOf } from '../src/writers/writer.ts';
import { holdYoungGeneration } from '../src/util/young-generation.ts';
import { atomicWrite } from '../src/util/atomic-write.ts';
import { join } from 'node:path';
import { RECOGNITION_ENGINES } from '../src/speech/recognition/index.ts';
import { transcribe } from '../src/pipeline/transcribe.ts';
import { nullEngine } from './null-engine.ts';

const [recording, folder, engine] = process.argv.slice(2) as [string, string, string];
const [name, workers] = engine.split('=') as [string, string | undefined];
holdYoungGeneration();
const began = performance.now();
const transcript = await transcribe(
  recording,
  {
    ...{ engine: name, model: null, language: 'auto', task: 'transcribe', vad: 'energy' },
    ...{ diarization: workers ? 'off' : 'classic', speakers: null, minSpeakers: null, maxSpeakers: null },
    ...{ enrich: workers ? [] : ['prosody'], workers: workers?.split(',') ?? [], jobs: null, resume: false },
    ...{ pull: false, modelsDir: join(folder, 'models'), modelBaseUrl: null, workDir: folder, name: null },
  },
  {},
  [...RECOGNITION_ENGINES, nullEngine],
);
for (const writer of WRITERS.filter(({ format }) => ['txt', 'srt', 'vtt', 'json'].includes(format)))
  await atomicWrite(
    join(folder, `out${writer.extension}`),
    piecesOf(writer, transcript, DEFAULT_WRITER_OPTIONS),
  );
const seconds = (performance.now() - began) / 1000;
const result = {
  seconds,
  audioSeconds: transcript.source.duration,
  peakMegabytes: process.resourceUsage().maxRSS / 1024,
  speakers: transcript.speakers.length,
  text: transcript.segments.map((segment) => segment.text).join(' '),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
