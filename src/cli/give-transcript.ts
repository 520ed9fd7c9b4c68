import { dirname } from 'node:path';
import { writerOptions } from '../config/pipeline.ts';
import type { Transcript } from '../transcript/schema.ts';
import { atomicWriteAll } from '../util/atomic-write-all.ts';
import { piecesOf } from '../writers/writer.ts';
import type { Context } from './command.ts';
import { makeOutFolder } from './out-folder.ts';
import { existingOutputs, existsError, outputsAt } from './outputs.ts';

/**
 * A transcript in the formats of --to: one goes to stdout; several, or any with --out, to files called what `base` says.
 * With --json that is a line that begins with `about`. Rejects with `output_exists`, `output_unwritable` or `disk_full`.
 */
export async function giveTranscript(
  transcript: Transcript,
  base: () => string | Promise<string>,
  about: Readonly<Record<string, string>>,
  { settings, terminal }: Pick<Context, 'settings' | 'terminal'>,
): Promise<void> {
  const layout = writerOptions(settings);
  const [only, ...more] = outputsAt('', settings.to);
  if (settings.out === null && only !== undefined && more.length === 0) {
    const output = only.writer.render(transcript, layout);
    const line = { ...about, ok: true, outputs: [], output };
    return terminal.result(settings.json ? `${JSON.stringify(line)}\n` : output);
  }
  const called = await base();
  const outputs = outputsAt(called, settings.to);
  const existing = await existingOutputs(outputs);
  if (existing.length > 0 && !settings.overwrite) throw existsError(existing);
  await makeOutFolder(dirname(called));
  await atomicWriteAll(
    outputs.map(({ path, writer }) => ({ path, data: piecesOf(writer, transcript, layout) })),
  );
  const paths = outputs.map(({ path }) => path);
  if (settings.json) await terminal.result(`${JSON.stringify({ ...about, ok: true, outputs: paths })}\n`);
  else for (const path of paths) terminal.note(path);
}
