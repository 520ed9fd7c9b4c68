import { dirname, join, parse, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { writerOptions } from '../../config/pipeline.ts';
import { EarshotError } from '../../errors.ts';
import { parseTranscript, readTranscript } from '../../transcript/read.ts';
import type { Transcript } from '../../transcript/schema.ts';
import { atomicWriteAll } from '../../util/atomic-write-all.ts';
import type { Context, Run } from '../command.ts';
import { makeOutFolder } from '../out-folder.ts';
import { existingOutputs, existsError, outputsAt } from '../outputs.ts';

/**
 * One format goes to stdout, with --json as the `output` of a line as from transcribe; several, or any with --out, to
 * files named as the transcript is.
 */
export const convertCommand: Run = async (context) => {
  const { cwd, settings, terminal } = context;
  const source = context.args[0] as string;
  const transcript = await readSource(source, context);
  const folder =
    settings.out !== null ? resolve(cwd, settings.out) : source === '-' ? cwd : dirname(resolve(cwd, source));
  const stem = source === '-' ? 'stdin' : parse(source).name;
  const outputs = outputsAt(join(folder, stem), settings.to);
  const layout = writerOptions(settings);
  const only = outputs.length === 1 && settings.out === null ? outputs[0] : undefined;
  if (only !== undefined) {
    const output = only.writer.render(transcript, layout);
    const line = { path: source, ok: true, outputs: [], output };
    await terminal.result(settings.json ? `${JSON.stringify(line)}\n` : output);
    return 0;
  }
  const existing = await existingOutputs(outputs);
  if (existing.length > 0 && !settings.overwrite) throw existsError(existing);
  await makeOutFolder(folder);
  await atomicWriteAll(
    outputs.map(({ path, writer }) => ({ path, data: writer.render(transcript, layout) })),
  );
  const paths = outputs.map(({ path }) => path);
  if (settings.json) await terminal.result(`${JSON.stringify({ path: source, ok: true, outputs: paths })}\n`);
  else for (const path of paths) terminal.note(path);
  return 0;
};

async function readSource(source: string, { cwd, stdin }: Context): Promise<Transcript> {
  if (source !== '-') return readTranscript(resolve(cwd, source));
  const json = await text(stdin as NodeJS.ReadableStream & AsyncIterable<Buffer>);
  if (json === '')
    throw new EarshotError('transcript_invalid', 'stdin is empty: expected the .json of a transcript');
  return parseTranscript(json, 'stdin');
}
