import { FieldError } from './errors.ts';

/** Somebody whom a client wants to be recognised, and speech of theirs in any format that ffmpeg reads. */
export interface KnownSpeakerField {
  readonly name: string;
  readonly audio: Buffer;
}

/** OpenAI takes as many. */
const MOST = 4;
const NAME = /^[^\p{C}]{1,100}$/u;
const DATA_URL = /^data:(?<type>[\w.+/-]*)(?:;[\w.+-]+=[\w.+"-]+)*;base64,(?<data>[A-Za-z0-9+/]+={0,2})$/;
const TYPE = /^(?:(?:audio|video)\/.+|application\/(?:octet-stream|ogg)|)$/;

/**
 * Pairs `known_speaker_names[]` with `known_speaker_references[]` (data: URLs). How long the speech is turns out when it
 * is decoded. Throws a FieldError for the first that is wrong.
 */
export function parseKnownSpeakers(
  names: readonly string[],
  references: readonly string[],
): KnownSpeakerField[] {
  const wrong = (field: 'names' | 'references', why: string): FieldError =>
    new FieldError(`known_speaker_${field}`, `"known_speaker_${field}": ${why}`);
  if (names.length !== references.length)
    throw wrong(
      names.length < references.length ? 'names' : 'references',
      `expected a reference for each name, got ${names.length} names and ${references.length} references`,
    );
  if (names.length > MOST)
    throw wrong('names', `expected at most ${MOST} known speakers, got ${names.length}`);
  const known = names.map((given, i) => {
    const name = given.trim();
    if (!NAME.test(name)) throw wrong('names', 'expected names of 1 to 100 characters');
    return { name, audio: audioOf(references[i] as string, (why) => wrong('references', why)) };
  });
  if (new Set(known.map(({ name }) => name)).size < known.length)
    throw wrong('names', 'expected each name once');
  return known;
}

function audioOf(reference: string, wrong: (why: string) => FieldError): Buffer {
  const { type, data } = DATA_URL.exec(reference)?.groups ?? {};
  if (type === undefined || data === undefined || data.length % 4 === 1)
    throw wrong('expected data: URLs with audio in base64, such as data:audio/wav;base64,…');
  if (!TYPE.test(type)) throw wrong(`expected audio, got a data: URL of the type ${type}`);
  return Buffer.from(data, 'base64');
}
