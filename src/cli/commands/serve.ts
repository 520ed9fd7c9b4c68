import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { transcribeOptions, writerOptions } from '../../config/pipeline.ts';
import { EarshotError } from '../../errors.ts';
import { listModels } from '../../models/index.ts';
import { transcribe } from '../../pipeline/transcribe.ts';
import { RECOGNITION_ENGINES } from '../../speech/recognition/index.ts';
import { checkBind } from '../../server/access.ts';
import { createServer, type ServerDependencies } from '../../server/server.ts';
import { assertWritable } from '../../util/assert-writable.ts';
import { VERSION } from '../../util/version.ts';
import { findWriter } from '../../writers/index.ts';
import type { Context, Run } from '../command.ts';
import { keepOpen } from '../kept-engines.ts';

/** Serves until it is cancelled; running requests then get ten seconds to end. */
export const serveCommand: Run = async (context) => {
  const { settings, folders, terminal, signal } = context;
  checkBind(settings.host, settings.apiKey, settings.insecure);
  const folder = join(folders.work, `serve-${randomUUID()}`);
  const uploadsDir = join(folder, 'uploads');
  await assertWritable(uploadsDir);
  const engines = keepOpen(RECOGNITION_ENGINES, join(folder, 'scratch'));
  await mkdir(join(folder, 'scratch'));
  const models = (await listModels(folders.models)).filter(
    ({ model, installed }) => installed !== null && model.tasks.includes('recognition'),
  );
  const server = createServer({
    transcribe: transcriber(context, folder, engines.engines),
    render: (format, transcript) => findWriter(format).render(transcript, writerOptions(settings)),
    models: () => models.map(({ model }) => model.name),
    version: VERSION,
    apiKey: settings.apiKey,
    maxUploadBytes: settings.maxUploadMb * 1e6,
    uploadsDir,
    maxConcurrent: settings.jobs ?? availableParallelism(),
    onError: (error) => terminal.error(`${error.code}: ${error.message}`),
  });
  try {
    const { host, port } = settings;
    const { url } = await server.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
      throw listenError(host, port, cause);
    });
    if (settings.json) await terminal.result(`${JSON.stringify({ url })}\n`);
    terminal.note(`listening on ${url}${settings.apiKey === null ? ', without an API key' : ''}`);
    if (!signal.aborted) await once(signal, 'abort');
    terminal.note('no new work; letting what runs end');
    await server.close();
  } finally {
    await engines.close();
    await rm(folder, { recursive: true, force: true });
  }
  return 0;
};

function listenError(host: string, port: number, cause: NodeJS.ErrnoException): EarshotError {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : (cause.code ?? cause.message);
  return new EarshotError('usage', `cannot listen on ${place}: ${why}`, {
    hint: 'choose --host and --port',
    cause,
  });
}

/** The pipeline as the server calls it. Each request works in a folder of its own: equal chunks may come at once. */
function transcriber(
  { settings, folders, terminal }: Context,
  folder: string,
  engines: typeof RECOGNITION_ENGINES,
): ServerDependencies['transcribe'] {
  const onNotice = (line: string): void => terminal.note(line);
  return async (path, request, signal) => {
    const workDir = join(folder, randomUUID());
    const options = {
      ...transcribeOptions(settings, { ...folders, work: workDir }, request.name),
      model: request.model ?? settings.model,
      language: request.language === 'auto' ? settings.language : request.language,
      task: request.task,
      diarization: request.diarize ? settings.diarization : ('off' as const),
      enrich: [],
      resume: false,
    };
    try {
      return await transcribe(path, options, { signal, onNotice }, engines);
    } finally {
      await rm(workDir, { recursive: true, force: true });
    }
  };
}
