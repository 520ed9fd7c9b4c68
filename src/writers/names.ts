import type { Transcript } from '../transcript/schema.ts';
import { oneLine } from './text.ts';

/** The name readers see: the label where one was given, otherwise the id; null for nobody in particular. */
export type SpeakerNames = (speaker: string | null) => string | null;

/** Names of a transcript's speakers. A speaker that the table does not list shows its id. */
export function speakerNames(transcript: Transcript): SpeakerNames {
  const labels = new Map(
    transcript.speakers.map((speaker) => [speaker.id, oneLine(speaker.label ?? '') || speaker.id]),
  );
  return (speaker) => (speaker === null ? null : (labels.get(speaker) ?? oneLine(speaker)));
}

/**
 * Names for the formats of scoring tools, whose fields may hold letters, digits, `-` and `_` only: the label in ASCII
 * where it survives that and no other speaker gets the same, otherwise the id.
 */
export function speakerTokens(transcript: Transcript): SpeakerNames {
  const names = speakerNames(transcript);
  const tokens = new Map<string, string>();
  const taken = new Set(transcript.speakers.map((speaker) => asciiToken(speaker.id)));
  for (const { id } of transcript.speakers) {
    const label = asciiToken(names(id) ?? '');
    const usable = /[A-Za-z0-9]/.test(label) && !taken.has(label);
    tokens.set(id, usable ? label : idToken(id));
    if (usable) taken.add(label);
  }
  return (speaker) => (speaker === null ? null : (tokens.get(speaker) ?? idToken(speaker)));
}

/** The recording's name for a field of a scoring tool: without folder and extension, in the same letters. */
export function recordingToken(transcript: Transcript): string {
  const stem = (transcript.source.name.split(/[\\/]/).at(-1) ?? '').replace(/(?<=.)\.[^.]*$/u, '');
  const token = asciiToken(stem);
  return /[A-Za-z0-9]/.test(token) ? token : 'recording';
}

function idToken(id: string): string {
  return asciiToken(id) || 'speaker';
}

function asciiToken(text: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(text)) return text;
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/^_|_$/g, '');
}
