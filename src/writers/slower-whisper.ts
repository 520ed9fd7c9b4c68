import type { Segment, Stage, Transcript } from '../transcript/schema.ts';
import { jsonText } from './json.ts';
import { fullText, inOrder, textOf } from './paragraphs.ts';
import { audioState } from './slower-whisper-audio.ts';
import { oneLine } from './text.ts';
import type { Writer } from './writer.ts';

/**
 * Schema 2 of the Python package slower-whisper. Speakers are `spk_0`, `spk_1`, … A confidence or probability that is
 * not known is null, where the schema would have a number. Source: its transcript-v2.schema.json and docs/SCHEMA.md.
 */
export const slowerWhisper: Writer = {
  format: 'slower-whisper',
  extension: '.slower-whisper.json',
  mediaType: 'application/json',
  render(transcript) {
    const idOf = speakerIds(transcript);
    const segments = inOrder(transcript.segments);
    const attributed = segments.some((segment) => segment.speaker !== null);
    return jsonText({
      schema_version: 2,
      file: transcript.source.name,
      // ISO 639's code for a language that was not determined.
      language: transcript.language.code ?? 'und',
      meta: metaOf(transcript),
      segments: segments.map((segment, id) => segmentOf(segment, id, idOf)),
      speakers: attributed ? speakersOf(transcript, idOf) : null,
      turns: attributed ? turnsOf(transcript, segments, idOf) : null,
    });
  },
};

type Ids = (speaker: string) => string;

function speakerIds({ speakers, segments }: Transcript): Ids {
  const all = [...speakers.map(({ id }) => id), ...segments.map(({ speaker }) => speaker ?? [])].flat();
  const ids = new Map([...new Set(all)].map((id, i) => [id, `spk_${i}`]));
  return (speaker) => ids.get(speaker) as string;
}

function metaOf({ stages, source, receipt }: Transcript) {
  const stage: Partial<Stage> = stages['recognize'] ?? {};
  return {
    ...(stage.model ? { model_name: stage.model } : {}),
    ...(stage.device ? { device: stage.device } : {}),
    duration_sec: source.duration,
    pipeline_version: receipt.earshot,
    transcribed_at: receipt.created_at,
  };
}

function segmentOf(segment: Segment, id: number, idOf: Ids) {
  const { speaker, speaker_confidence: confidence } = segment;
  return {
    id,
    start: segment.start,
    end: segment.end,
    text: textOf(segment),
    speaker: speaker === null ? null : { id: idOf(speaker), confidence },
    tone: null,
    words: segment.words.map((word) => ({
      word: oneLine(word.text),
      start: word.start,
      end: word.end,
      probability: word.confidence,
      ...(word.speaker === null ? {} : { speaker: idOf(word.speaker) }),
    })),
    audio_state: audioState(segment),
  };
}

function speakersOf({ speakers, segments }: Transcript, idOf: Ids) {
  return speakers.map(({ id, label, talk_time }) => ({
    id: idOf(id),
    label,
    total_speech_time: talk_time,
    num_segments: segments.filter((segment) => segment.speaker === id).length,
  }));
}

/** Their turns are runs of segments of one speaker, not the diarized turns. */
function turnsOf(transcript: Transcript, segments: readonly Segment[], idOf: Ids) {
  const runs: { speaker: string; ids: number[]; segments: Segment[] }[] = [];
  let before: string | null = null;
  segments.forEach((segment, id) => {
    const { speaker } = segment;
    const run = runs.at(-1);
    if (speaker !== null && speaker === before && run) {
      run.ids.push(id);
      run.segments.push(segment);
    } else if (speaker !== null) runs.push({ speaker, ids: [id], segments: [segment] });
    before = speaker;
  });
  return runs.map(({ speaker, ids, segments: own }, i) => ({
    id: `turn_${i}`,
    speaker_id: idOf(speaker),
    start: (own[0] as Segment).start,
    end: Math.max(...own.map((segment) => segment.end)),
    segment_ids: ids,
    text: fullText({ ...transcript, segments: own }),
  }));
}
