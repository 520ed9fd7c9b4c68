import { readFile } from 'node:fs/promises';
import { EarshotError } from '../errors.ts';
import { problemsOf } from './problems.ts';
import { transcriptSchema, type Transcript } from './schema.ts';

const HINT = 'give the .json file that transcribe wrote';

/** The transcript in a file. Rejects with `recording_not_found` or `transcript_invalid` (naming what is wrong first). */
export async function readTranscript(path: string): Promise<Transcript> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EarshotError('recording_not_found', `cannot read the transcript ${path}`, { cause });
  });
  return parseTranscript(text, path);
}

/** The transcript in a JSON text; `name` is used in messages. Throws `transcript_invalid`. */
export function parseTranscript(text: string, name: string): Transcript {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new EarshotError('transcript_invalid', `${name} is not JSON`, { hint: HINT, cause });
  }
  const parsed = transcriptSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new EarshotError(
    'transcript_invalid',
    `${name} is not an earshot.transcript/1: ${problemsOf(parsed.error, json)}`,
    { hint: HINT },
  );
}
