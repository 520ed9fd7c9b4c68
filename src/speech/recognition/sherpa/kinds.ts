import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EarshotError } from '../../../errors.ts';

/** Kinds of recogniser that sherpa-onnx loads for us. */
export type SherpaKind = 'nemo-transducer' | 'whisper' | 'sense-voice' | 'moonshine';

/** Path of each of a model's files by its name in the catalogue. */
export type SherpaFiles = Readonly<Record<string, string>>;

/** What the caller wants to hear: code of two or three letters, or "auto". */
export interface SherpaRequest {
  readonly language: string;
  readonly task: 'transcribe' | 'translate';
}

/** The part of sherpa-onnx's `modelConfig` that is special to a kind. */
export const SHERPA_KINDS: Readonly<
  Record<SherpaKind, (files: SherpaFiles, request: SherpaRequest) => object>
> = {
  'nemo-transducer': (files) => ({
    transducer: {
      encoder: files['encoder.onnx'],
      decoder: files['decoder.onnx'],
      joiner: files['joiner.onnx'],
    },
    modelType: 'nemo_transducer',
  }),
  whisper: (files, { language, task }) => ({
    whisper: {
      encoder: files['encoder.onnx'],
      decoder: files['decoder.onnx'],
      language: language === 'auto' ? '' : language,
      task,
      tailPaddings: -1, // the model's own default
    },
  }),
  'sense-voice': (files, { language }) => ({
    senseVoice: {
      model: files['model.onnx'],
      language: language === 'auto' ? '' : language,
      useInverseTextNormalization: 1, // with punctuation
    },
  }),
  moonshine: (files) => ({
    moonshine: {
      preprocessor: files['preprocessor.onnx'],
      encoder: files['encoder.onnx'],
      uncachedDecoder: files['uncached-decoder.onnx'],
      cachedDecoder: files['cached-decoder.onnx'],
    },
  }),
};

/**
 * sherpa-onnx ends the whole process when it cannot read a vocabulary, so it is looked at first: lines of a token and
 * its number. Rejects with `model_corrupt`.
 */
export async function checkTokens(path: string): Promise<void> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  if (lines.length > 0 && lines.every((line) => /\d\s*$/.test(line))) return;
  throw new EarshotError('model_corrupt', `${path} is not a vocabulary of tokens and their numbers`);
}

/** Names in a folder of the user's own, ours or as their publishers call them; int8 variants go first. */
const PATTERNS: Readonly<Record<string, RegExp>> = {
  'encoder.onnx': /encoder?(\.int8)?\.onnx$/,
  'joiner.onnx': /joiner(\.int8)?\.onnx$/,
  'preprocessor.onnx': /preprocess(or)?(\.int8)?\.onnx$/,
  'uncached-decoder.onnx': /uncached[-_]decoder?(\.int8)?\.onnx$/,
  'cached-decoder.onnx': /(^|[^n])cached[-_]decoder?(\.int8)?\.onnx$/,
  'decoder.onnx': /(^|[^d][-_])decoder(\.int8)?\.onnx$/,
  'model.onnx': /model(\.int8)?\.onnx$/,
  'tokens.txt': /tokens\.txt$/,
};

/** Recognises a folder's kind by its files. Rejects with `model_missing` when they make up none that we load. */
export async function inspectFolder(folder: string): Promise<{ kind: SherpaKind; files: SherpaFiles }> {
  const names = (await readdir(folder)).sort(
    (a, b) => Number(b.includes('int8')) - Number(a.includes('int8')),
  );
  const files: Record<string, string> = {};
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    const found = names.find((candidate) => pattern.test(candidate));
    if (found !== undefined) files[name] = join(folder, found);
  }
  const has = (...wanted: string[]): boolean => [...wanted, 'tokens.txt'].every((name) => name in files);
  if (has('encoder.onnx', 'decoder.onnx', 'joiner.onnx')) return { kind: 'nemo-transducer', files };
  if (has('preprocessor.onnx', 'encoder.onnx', 'uncached-decoder.onnx', 'cached-decoder.onnx'))
    return { kind: 'moonshine', files };
  if (has('encoder.onnx', 'decoder.onnx')) return { kind: 'whisper', files };
  if (has('model.onnx')) return { kind: 'sense-voice', files };
  throw new EarshotError('model_missing', `${folder} holds no recogniser that sherpa-onnx loads`, {
    hint: 'expected tokens.txt and encoder, decoder (and joiner), or one model.onnx',
  });
}
