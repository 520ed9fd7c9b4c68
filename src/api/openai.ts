import { z } from 'zod';
import { suggest } from '../util/suggest.ts';
import { checkChunkingStrategy } from './chunking-strategy.ts';
import { FieldError } from './errors.ts';
import { parseKnownSpeakers, type KnownSpeakerField } from './known-speakers.ts';

/** Formats of OpenAI's audio endpoints. */
export const RESPONSE_FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json'] as const;
export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

/** The one of OpenAI's models that tells speakers apart. */
const DIARIZING = 'gpt-4o-transcribe-diarize';
/** OpenAI's model ids; here each stands for what is installed. */
export const MODEL_ALIASES = [
  'whisper-1',
  'gpt-4o-transcribe',
  'gpt-4o-mini-transcribe',
  'gpt-4o-mini-transcribe-2025-12-15',
  DIARIZING,
] as const;

/** What a client of the audio endpoints asked for. */
export interface AudioRequest {
  /** A model of this server, or null: what is installed. */
  readonly model: string | null;
  /** ISO 639 code or "auto". */
  readonly language: string;
  readonly format: ResponseFormat;
  /** For verbose_json. */
  readonly granularities: { readonly word: boolean; readonly segment: boolean };
  readonly stream: boolean;
  /** Whether the answer says who speaks. */
  readonly diarize: boolean;
  readonly knownSpeakers: readonly KnownSpeakerField[];
}

/** Text fields of a form in the order of arrival; a name may come several times. */
export type FormFields = readonly (readonly [name: string, value: string])[];

const truth = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['true', 'false', '1', '0'], 'expected true or false'))
  .transform((text) => text === 'true' || text === '1');
const language = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(
    z
      .string()
      .regex(/^(?:auto|[a-z]{2,3}(?:-[a-z0-9]+)*)$/, 'expected a language code such as en, de or yue'),
  )
  .transform((text) => text.split('-')[0] as string);

/** A field that may come once. */
const one = <S extends z.ZodType>(schema: S) =>
  z
    .array(schema)
    .max(1, 'expected once, got several')
    .transform((values) => values[0])
    .optional();
const many = <S extends z.ZodType>(schema: S) => z.array(schema).default([]);

/**
 * Every field of OpenAI's endpoints, as lists of texts. prompt, keywords and temperature are hints: they are checked, and
 * change nothing here. So is include: no engine here tells the probabilities of its tokens, and an answer without
 * `logprobs` is what OpenAI's clients expect of models that have none. What OpenAI takes from some of its models only
 * (formats, streams, granularities, known speakers) is taken with every model, because here all names mean one.
 */
export const audioForm = z.object({
  model: one(z.string().min(1).max(200)),
  language: one(language),
  languages: many(language),
  prompt: one(z.string()),
  keywords: many(z.string()),
  response_format: one(z.enum(RESPONSE_FORMATS, `expected one of ${RESPONSE_FORMATS.join(', ')}`)),
  timestamp_granularities: many(z.enum(['word', 'segment'], 'expected word or segment')),
  temperature: one(z.string().regex(/^(?:0(?:\.\d*)?|1(?:\.0*)?|\.\d+)$/, 'expected a number from 0 to 1')),
  include: many(z.enum(['logprobs'], 'expected logprobs')),
  stream: one(truth),
  known_speaker_names: many(z.string()),
  known_speaker_references: many(z.string()),
});
const CHUNKING = 'chunking_strategy';
const NAMES = [...Object.keys(audioForm.shape), CHUNKING, 'file'];

/**
 * Reads the text fields of `POST /v1/audio/transcriptions` and `/translations`: lists as repeated `name[]` or `name`,
 * booleans and numbers as text, objects as `name[key]`. `models` are this server's own. Throws a FieldError for the
 * first field that is unknown or wrong.
 */
export function parseAudioRequest(fields: FormFields, models: readonly string[]): AudioRequest {
  const parsed = audioForm.safeParse(grouped(fields));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] as z.core.$ZodIssue;
    throw new FieldError(String(path[0]), `"${String(path[0])}": ${message}`);
  }
  checkChunkingStrategy(
    fields.flatMap(([name, value]) => {
      const key = /^chunking_strategy(?:\[(\w*)\])?$/.exec(name);
      return key ? [[key[1] ?? '', value] as const] : [];
    }),
  );
  const { languages, timestamp_granularities: granularities, stream = false, ...asked } = parsed.data;
  const format = asked.response_format ?? 'json';
  const knownSpeakers = parseKnownSpeakers(asked.known_speaker_names, asked.known_speaker_references);
  if (granularities.includes('word') && format !== 'verbose_json')
    throw new FieldError('timestamp_granularities', 'words need the response_format verbose_json');
  if (stream && !['json', 'text', 'diarized_json'].includes(format))
    throw new FieldError('stream', `${format} cannot be streamed; json, text and diarized_json can`);
  return {
    model: modelOf(asked.model, models),
    language: asked.language ?? (languages.length === 1 ? (languages[0] as string) : 'auto'),
    format,
    granularities: {
      word: granularities.includes('word'),
      segment: granularities.length === 0 || granularities.includes('segment'),
    },
    stream,
    diarize:
      format === 'diarized_json' ||
      (SUBTITLES.includes(format) && (asked.model === DIARIZING || knownSpeakers.length > 0)),
    knownSpeakers,
  };
}

/** Formats beside diarized_json that can say who speaks; they do when speakers were asked for. */
const SUBTITLES: readonly ResponseFormat[] = ['srt', 'vtt'];

/** By name; a field of which nothing but empty texts came is absent. */
function grouped(fields: FormFields): Record<string, string[]> {
  const given = new Map<string, string[]>();
  for (const [wireName, value] of fields) {
    const name = wireName.replace(/\[\w*\]$/, '');
    if (name === 'file') throw new FieldError('file', 'expected a file with a file name, got a text field');
    if (!NAMES.includes(name)) {
      const meant = suggest(name, NAMES);
      throw new FieldError(
        wireName,
        `unknown field "${wireName}"${meant === null ? '' : `; did you mean "${meant}"?`}`,
      );
    }
    if (name === CHUNKING) continue;
    given.set(name, [...(given.get(name) ?? []), value]);
  }
  return Object.fromEntries([...given].filter(([, values]) => values.some((value) => value.trim() !== '')));
}

function modelOf(name: string | undefined, models: readonly string[]): string | null {
  if (name === undefined || (MODEL_ALIASES as readonly string[]).includes(name)) return null;
  if (models.includes(name)) return name;
  throw new FieldError('model', `there is no model "${name}" here; GET /v1/models lists them`, 'not_found');
}
