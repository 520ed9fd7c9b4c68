import { openWaveforms } from '../audio/waveform.ts';
import { attribution, type HeardWord } from '../speech/attribution/attribution.ts';
import { exclusiveTurns } from '../speech/attribution/exclusive.ts';
import { buildSegments } from '../speech/attribution/segments.ts';
import { enrich } from '../speech/enrichment/index.ts';
import { speakerStatistics } from '../speech/enrichment/statistics.ts';
import type { Transcript } from '../transcript/schema.ts';
import type { ChunkResult } from './chunk-result.ts';
import type { Diarization } from './diarize.ts';
import { mainLanguage } from './language.ts';
import type { PipelineTask, TranscribeOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { enrichmentOptions } from './stage-options.ts';

/** All of a transcript that does not depend on when and where it was made. */
export type TranscriptBody = Omit<Transcript, 'schema' | 'id' | 'receipt'>;

/**
 * Joins what was heard with who spoke, and enriches it. `results` are in the order of the plan's chunks; a failed chunk
 * becomes a gap and a warning.
 */
export async function finish(
  plan: Plan,
  results: readonly ChunkResult[],
  diarization: Diarization,
  options: Pick<TranscribeOptions, 'language' | 'enrich' | 'modelsDir' | 'modelBaseUrl' | 'pull'>,
  task: PipelineTask,
): Promise<TranscriptBody> {
  const turns = diarization.turns;
  const language = mainLanguage(results, options.language);
  const readers = await openWaveforms(plan.tracks.map(({ channel, waveform }) => [channel, waveform]));
  try {
    const enriched = await enrich(
      {
        segments: buildSegments(heardWords(plan, results).map(attribution(exclusiveTurns(turns))), turns),
        language: language.code,
        audioOf: (segment) => readers.get(segment.channel) ?? null,
      },
      enrichmentOptions(options, task),
      {
        ...(task.signal ? { signal: task.signal } : {}),
        onProgress: (fraction) => task.onProgress?.({ stage: 'finish', done: fraction, total: 1 }),
      },
    );
    const plainTurns = turns.map(({ speaker, start, end }) => ({ speaker, start, end }));
    const segments = [...enriched.segments];
    return {
      source: plan.source,
      language,
      segments,
      turns: plainTurns,
      speakers: speakerStatistics(segments, plainTurns, enriched.baselines),
      stages: { diarize: diarization.stage, ...enriched.stages },
      gaps: [...plan.gaps, ...failedGaps(plan, results)].sort((a, b) => a.start - b.start || a.end - b.end),
      warnings: [...plan.warnings, ...resultWarnings(plan, results, segments.length, diarization)],
    };
  } finally {
    await Promise.all([...readers.values()].map((reader) => reader.close()));
  }
}

/** The words of all chunks with their channel, by channel and start. */
function* heardWords(plan: Plan, results: readonly ChunkResult[]): Generator<HeardWord, undefined> {
  for (const [i, { track }] of plan.chunks.entries()) {
    const channel = plan.tracks[track]?.channel ?? null;
    for (const word of results[i]?.recognition?.words ?? []) yield { ...word, channel };
  }
}

function failedGaps(plan: Plan, results: readonly ChunkResult[]): Transcript['gaps'] {
  return plan.chunks
    .filter((_, i) => (results[i]?.recognition ?? null) === null)
    .map((chunk) => ({ start: chunk.start, end: chunk.end, reason: 'recognition_failed' }));
}

function resultWarnings(
  plan: Plan,
  results: readonly ChunkResult[],
  segments: number,
  diarization: Diarization,
): Transcript['warnings'] {
  const warnings: Transcript['warnings'] = [];
  for (const [i, chunk] of plan.chunks.entries()) {
    const error = results[i]?.error ?? null;
    if (error !== null)
      warnings.push({
        code: 'chunk_failed',
        message: `${chunk.start.toFixed(1)} to ${chunk.end.toFixed(1)} s could not be recognised: ${error}`,
      });
  }
  if (results.some((result) => result.recognition?.wordTimes === 'estimated'))
    warnings.push({
      code: 'word_times_estimated',
      message: 'the engine gives no word times: words are laid along the speech of their chunk by length',
    });
  if (diarization.stage.status === 'failed')
    warnings.push({ code: 'diarization_failed', message: diarization.stage.reason ?? 'unknown reason' });
  if (segments === 0 && warnings.every((warning) => warning.code !== 'chunk_failed'))
    warnings.push({
      code: 'no_speech',
      message:
        plan.chunks.length === 0
          ? 'no speech was found'
          : 'sound was found, but no word was recognised in it',
    });
  return warnings;
}
