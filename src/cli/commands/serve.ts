import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { transcribeOptions, writerOptions } from '../../config/pipeline.ts';
import { EarshotError } from '../../errors.ts';
import { KINDS } from '../../handlers/kinds.ts';
import { startHandlers } from '../../handlers/index.ts';
import { openPglite } from '../../jobs/pglite.ts';
import { openPostgres } from '../../jobs/postgres.ts';
import { Jobs } from '../../jobs/jobs.ts';
import { listModels } from '../../models/index.ts';
import { checkBind } from '../../server/access.ts';
import { authenticator } from '../../server/auth/authenticator.ts';
import { createServer } from '../../server/server.ts';
import { openStorage } from '../../storage/index.ts';
import { assertWritable } from '../../util/assert-writable.ts';
import { VERSION } from '../../util/version.ts';
import { findWriter } from '../../writers/index.ts';
import type { Context, Run } from '../command.ts';
import { webhookSecret } from '../webhook-secret.ts';

/** How the process that does the work is started; beside this file as source and as published. */
const HOST_MODULE = new URL(`../stage-host${import.meta.url.slice(-3)}`, import.meta.url).pathname;

/** Serves until it is cancelled; running work then gets its grace, and what has not ended is done after the next start. */
export const serveCommand: Run = async (context) => {
  const { settings, folders, terminal, signal } = context;
  const onError = (error: EarshotError): void => terminal.error(`${error.code}: ${error.message}`);
  const { apiKey, keysFile, oidcIssuer: issuer, oidcAudience: audience } = settings;
  const oidc =
    issuer === null || audience === null
      ? null
      : { issuer, audience, defaultScopes: ['submit', 'read'] as const };
  const auth = await authenticator({ apiKey, keysFile, oidc, onError });
  checkBind(settings.host, !auth.isOpen, settings.insecure);

  const workDir = join(folders.work, `serve-${process.pid}`);
  await assertWritable(folders.server);
  await assertWritable(workDir);
  const db =
    settings.databaseUrl === null
      ? await openPglite(join(folders.server, 'database'))
      : await openPostgres(settings.databaseUrl);
  const storage = await openStorage(settings.storage ?? join(folders.server, 'storage'));
  const jobs = await Jobs.open(db, KINDS, onError);
  const installed = (await listModels(folders.models)).filter(
    ({ model, installed }) => installed !== null && model.tasks.includes('recognition'),
  );
  const server = createServer({
    jobs,
    storage,
    auth,
    render: (format, transcript) => findWriter(format).render(transcript, writerOptions(settings)),
    mediaType: (format) => findWriter(format).mediaType,
    models: () => installed.map(({ model }) => model.name),
    version: VERSION,
    limits: limitsOf(context),
    onError,
  });
  const { host, port } = settings;
  const { url } = await server.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
    throw listenError(host, port, cause);
  });
  const handlers = startHandlers({
    jobs,
    storage,
    defaults: { ...transcribeOptions(settings, { ...folders, work: workDir }, null), resume: false },
    workDir,
    host: { module: HOST_MODULE, args: [workDir] },
    slots: settings.worker ? (settings.jobs ?? availableParallelism()) : 0,
    fetching: { maxBytes: settings.maxDownloadMb * 1e6, allowPrivate: settings.allowPrivate },
    webhookSecret: settings.webhookSecret ?? (await webhookSecret(folders.server)),
    onNotice: (line) => terminal.note(line),
    onError,
  });
  if (settings.json) await terminal.result(`${JSON.stringify({ url })}\n`);
  terminal.note(`listening on ${url}${auth.isOpen ? ', without an API key' : ''}`);
  if (!signal.aborted) await once(signal, 'abort');
  terminal.note('no new work; letting what runs end');
  server.drain();
  await handlers.drain(settings.graceSeconds * 1000);
  await server.close();
  await jobs.close();
  await storage.close();
  return 0;
};

function limitsOf({ settings }: Context) {
  return {
    maxUploadBytes: settings.maxUploadMb * 1e6,
    minFreeBytes: settings.minFreeMb * 1e6,
    keepSeconds: Math.round(settings.keepHours * 3600),
    dedupeSeconds: settings.dedupeMinutes * 60,
    allowPrivate: settings.allowPrivate,
  };
}

function listenError(host: string, port: number, cause: NodeJS.ErrnoException): EarshotError {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : (cause.code ?? cause.message);
  return new EarshotError('usage', `cannot listen on ${place}: ${why}`, {
    hint: 'choose --host and --port',
    cause,
  });
}
