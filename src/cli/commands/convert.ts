import { dirname, join, parse, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { EarshotError } from '../../errors.ts';
import { parseTranscript, readTranscript } from '../../transcript/read.ts';
import type { Transcript } from '../../transcript/schema.ts';
import type { Context, Run } from '../command.ts';
import { giveTranscript } from '../give-transcript.ts';

/**
 * One format goes to stdout, with --json as the `output` of a line as from transcribe; several, or any with --out, to
 * files named as the transcript is.
 */
export const convertCommand: Run = async (context) => {
  const { cwd, settings } = context;
  const source = context.args[0] as string;
  const transcript = await readSource(source, context);
  const folder =
    settings.out !== null ? resolve(cwd, settings.out) : source === '-' ? cwd : dirname(resolve(cwd, source));
  const stem = source === '-' ? 'stdin' : parse(source).name;
  await giveTranscript(transcript, () => join(folder, stem), { path: source }, context);
  return 0;
};

async function readSource(source: string, { cwd, stdin }: Context): Promise<Transcript> {
  if (source !== '-') return readTranscript(resolve(cwd, source));
  const json = await text(stdin as NodeJS.ReadableStream & AsyncIterable<Buffer>);
  if (json === '')
    throw new EarshotError('transcript_invalid', 'stdin is empty: expected the .json of a transcript');
  return parseTranscript(json, 'stdin');
}
