import type { Transcript } from '../transcript/schema.ts';
import { jsonText } from './json.ts';
import { speakerNames, type SpeakerNames } from './names.ts';
import { fullText, inOrder, textOf } from './paragraphs.ts';
import type { Writer } from './writer.ts';

/**
 * OpenAI's `diarized_json`. A speaker is the known name (the label) or else a letter, in the order of first appearance;
 * null for nobody in particular. Source: `TranscriptionDiarized` of the OpenAI SDK.
 */
export const diarizedJson: Writer = {
  format: 'diarized_json',
  extension: '.diarized.json',
  mediaType: 'application/json',
  render(transcript) {
    const nameOf = namesOrLetters(transcript);
    const { duration } = transcript.source;
    return jsonText({
      task: 'transcribe',
      duration,
      text: fullText(transcript),
      segments: inOrder(transcript.segments).map((segment, i) => ({
        type: 'transcript.text.segment',
        id: `seg_${String(i + 1).padStart(3, '0')}`,
        start: segment.start,
        end: segment.end,
        text: textOf(segment),
        speaker: nameOf(segment.speaker),
      })),
      usage: { type: 'duration', seconds: Math.ceil(duration) },
    });
  },
};

function namesOrLetters(transcript: Transcript): SpeakerNames {
  const nameOf = speakerNames(transcript);
  const known = new Set(transcript.speakers.filter((speaker) => speaker.label !== null).map(({ id }) => id));
  const taken = new Set([...known].map(nameOf));
  const letters = new Map<string, string>();
  let next = 0;
  for (const { speaker } of inOrder(transcript.segments)) {
    if (speaker === null || known.has(speaker) || letters.has(speaker)) continue;
    while (taken.has(letter(next))) next++;
    letters.set(speaker, letter(next++));
  }
  return (speaker) => (speaker === null ? null : (letters.get(speaker) ?? nameOf(speaker)));
}

/** A, B, … Z, AA, AB, … */
function letter(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letter(Math.floor(index / 26) - 1) + last;
}
