import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writerOptions } from '../../config/pipeline.ts';
import { EarshotError } from '../../errors.ts';
import { enrichTranscript } from '../../pipeline/enrich-transcript.ts';
import { readTranscript } from '../../transcript/read.ts';
import type { Transcript } from '../../transcript/schema.ts';
import { atomicWrite } from '../../util/atomic-write.ts';
import type { Context, Run } from '../command.ts';
import { asTyped, wordsAnywhere } from '../invocation.ts';
import { makeOutFolder } from '../out-folder.ts';
import { existingOutputs, existsError, outputsAt } from '../outputs.ts';
import { reportWarnings } from '../report-outcome.ts';
import { summaryOf } from '../summary.ts';

/**
 * The enriched JSON goes to stdout, with --json as the `output` of a line; to --out where given; into the transcript's
 * own place with --overwrite.
 */
export const enrichCommand: Run = async (context) => {
  const { cwd, settings, terminal } = context;
  if (settings.audio === null)
    throw new EarshotError('usage', 'expected --audio FILE', {
      hint: 'the recording that the transcript was made from',
    });
  if (/^https?:\/\//i.test(settings.audio))
    throw new EarshotError('usage', 'expected a file for --audio, got a URL', {
      hint: 'fetch it first; transcribe takes URLs',
    });
  const source = resolve(cwd, context.args[0] as string);
  const transcript = await readTranscript(source);
  const target =
    settings.out !== null
      ? join(resolve(cwd, settings.out), basename(source))
      : settings.overwrite
        ? source
        : null;
  if (target !== null) await assertFree(target, settings.overwrite);
  const enriched = await enrichFrom(resolve(cwd, settings.audio), transcript, context);
  const [output] = outputsAt(source, ['json']);
  const json = output?.writer.render(enriched, writerOptions(settings)) ?? '';
  const asked = Object.entries(enriched.stages).filter(([name]) =>
    (settings.enrich as string[]).includes(name),
  );
  reportWarnings(
    basename(source),
    { ...enriched, warnings: [], stages: Object.fromEntries(asked) },
    terminal,
  );
  if (target !== null) await atomicWrite(target, json);
  const line = { path: context.args[0], ok: true, transcript: summaryOf(enriched) };
  if (settings.json)
    await terminal.result(
      `${JSON.stringify(target === null ? { ...line, outputs: [], output: json } : { ...line, outputs: [target] })}\n`,
    );
  else if (target === null) await terminal.result(json);
  if (target !== null) terminal.note(target);
  return asked.some(([, { status }]) => status === 'failed') ? 1 : 0;
};

async function assertFree(target: string, overwrite: boolean): Promise<void> {
  await makeOutFolder(resolve(target, '..'));
  const [there] = await existingOutputs(outputsAt(target.replace(/\.json$/, ''), ['json']));
  if (there !== undefined && !overwrite) throw existsError([there]);
}

async function enrichFrom(audio: string, transcript: Transcript, context: Context): Promise<Transcript> {
  const { settings, folders, signal, terminal, invocation } = context;
  await mkdir(folders.work, { recursive: true });
  const workDir = await mkdtemp(join(folders.work, 'enrich-'));
  const progress = terminal.progress(basename(audio));
  const { enrich, pull, modelBaseUrl } = settings;
  try {
    return await enrichTranscript(
      transcript,
      audio,
      { enrich, pull, modelBaseUrl, modelsDir: folders.models, workDir },
      {
        signal,
        onNotice: (line) => terminal.note(line),
        asTyped: (text) => asTyped(text, { words: wordsAnywhere(invocation) }),
        onProgress: (fraction) => progress.update(fraction, 'listening'),
      },
    );
  } finally {
    progress.end();
    await rm(workDir, { recursive: true, force: true });
  }
}
