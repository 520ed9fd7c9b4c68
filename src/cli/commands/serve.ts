import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { transcribeOptions, writerOptions } from '../../config/pipeline.ts';
import { EarshotError } from '../../errors.ts';
import { KINDS } from '../../handlers/kinds.ts';
import { startHandlers, type Handlers, type HandlersOptions } from '../../handlers/index.ts';
import { openWorkFolder } from '../../handlers/work-folder.ts';
import { openPglite } from '../../jobs/pglite.ts';
import { openPostgres } from '../../jobs/postgres.ts';
import { Jobs } from '../../jobs/jobs.ts';
import { listModels } from '../../models/index.ts';
import { checkBind } from '../../server/access.ts';
import { authenticator, type Authenticator } from '../../server/auth/authenticator.ts';
import type { Log } from '../../server/logging.ts';
import { createServer, type Server } from '../../server/server.ts';
import { parseWorkers } from '../../speech/recognition/remote/spec.ts';
import { openStorage, type Storage } from '../../storage/index.ts';
import { assertWritable } from '../../util/assert-writable.ts';
import { systemClock } from '../../util/clock.ts';
import { releasing } from '../../util/releasing.ts';
import { VERSION } from '../../util/version.ts';
import { findWriter } from '../../writers/index.ts';
import type { Context, Run } from '../command.ts';
import { wordsAnywhere } from '../invocation.ts';
import { servingLog } from '../serving-log.ts';
import { webhookSecret } from '../webhook-secret.ts';

/** How the process that does the work is started; beside this file as source and as published. */
const HOST_MODULE = new URL(`../stage-host${import.meta.url.slice(-3)}`, import.meta.url).pathname;

/** The last of the grace is for handing work back and for closing; also where the grace is shorter. */
const CLOSING_MS = 2_000;

/**
 * Serves until it is cancelled, and ends within the grace: what runs may end until shortly before, the rest is handed back
 * and done after the next start. What is not closed by then is left as a kill would leave it, which harms nothing.
 */
export const serveCommand: Run = (context) =>
  Promise.race([serve(context), graceOver(context.signal, context.settings.graceSeconds * 1000)]);

async function graceOver(signal: AbortSignal, graceMs: number): Promise<0> {
  if (!signal.aborted) await once(signal, 'abort');
  await systemClock.sleep(Math.max(graceMs, CLOSING_MS));
  return 0;
}

/** What was opened is closed in reverse order, also when a later step of the start fails. */
function serve(context: Context): Promise<0> {
  return releasing<0>(async (later) => {
    const { settings, folders, terminal, signal } = context;
    const { host, port, graceSeconds } = settings;
    const { log, note, error: onError } = servingLog(context);
    const auth = await whoMayCall(context, onError);
    checkBind(host, !auth.isOpen, settings.insecure);

    await assertWritable(folders.server);
    await assertWritable(folders.work);
    const work = await openWorkFolder(folders.work);
    later(() => work.close());
    const jobs = await openJobs(context, onError);
    later(() => jobs.close());
    const storage = await openStorage(settings.storage ?? join(folders.server, 'storage'));
    later(() => storage.close());
    const server = await serverOf(context, { jobs, storage, auth, onError, ...(log ? { log } : {}) });
    later(() => server.close());
    const { url } = await server.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
      throw listenError(host, port, cause);
    });
    const handlers = await handlersOf(context, {
      ...{ jobs, storage, workDir: work.path, onError, onNotice: note },
      alsoSweep: () => server.sweepUploads(),
    });
    later(() => handlers.drain(Math.max(0, graceSeconds * 1000 - CLOSING_MS)));

    if (settings.json) await terminal.result(`${JSON.stringify({ url })}\n`);
    note(`listening on ${url}${auth.isOpen ? ', without an API key' : ''}`);
    const end = AbortSignal.any([signal, jobs.db.lost]);
    if (!end.aborted) await once(end, 'abort');
    server.drain();
    jobs.db.lost.throwIfAborted(); // whoever watches over the process starts it again
    note('no new work; letting what runs end');
    return 0;
  });
}

interface Parts {
  readonly jobs: Jobs;
  readonly storage: Storage;
  readonly onError: (error: EarshotError) => void;
}

function whoMayCall({ settings }: Context, onError: Parts['onError']): Promise<Authenticator> {
  const { apiKey, keysFile, oidcIssuer: issuer, oidcAudience: audience } = settings;
  const oidc =
    issuer === null || audience === null
      ? null
      : { issuer, audience, defaultScopes: ['submit', 'read'] as const };
  return authenticator({ apiKey, keysFile, oidc, onError });
}

async function openJobs({ settings, folders }: Context, onError: Parts['onError']): Promise<Jobs> {
  const db =
    settings.databaseUrl === null
      ? await openPglite(join(folders.server, 'database'))
      : await openPostgres(settings.databaseUrl);
  return Jobs.open(db, KINDS, onError).catch(async (error: unknown) => {
    await db.close();
    throw error;
  });
}

async function serverOf(
  { settings, folders }: Context,
  parts: Parts & { auth: Authenticator; log?: Log },
): Promise<Server> {
  const installed = (await listModels(folders.models)).filter(
    (listed) => listed.installed !== null && listed.model.tasks.includes('recognition'),
  );
  return createServer({
    ...parts,
    render: (format, transcript) => findWriter(format).render(transcript, writerOptions(settings)),
    mediaType: (format) => findWriter(format).mediaType,
    models: () => installed.map(({ model }) => model.name),
    version: VERSION,
    trustProxy: settings.trustProxy,
    uploadsFolder: join(folders.server, 'uploads'),
    limits: {
      maxUploadBytes: settings.maxUploadMb * 1e6,
      minFreeBytes: settings.minFreeMb * 1e6,
      keepSeconds: Math.round(settings.keepHours * 3600),
      dedupeSeconds: settings.dedupeMinutes * 60,
      allowPrivate: settings.allowPrivate,
    },
  });
}

async function handlersOf(
  { settings, folders, invocation }: Context,
  parts: Parts & Pick<HandlersOptions, 'workDir' | 'alsoSweep' | 'onNotice'>,
): Promise<Handlers> {
  const { workDir } = parts;
  return startHandlers({
    ...parts,
    defaults: { ...transcribeOptions(settings, { ...folders, work: workDir }, null), resume: false },
    host: { module: HOST_MODULE, args: [workDir, wordsAnywhere(invocation)] },
    slots: settings.worker ? (settings.jobs ?? slotsFor(settings.workers)) : 0,
    fetching: { maxBytes: settings.maxDownloadMb * 1e6, allowPrivate: settings.allowPrivate },
    webhookSecret: settings.webhookSecret ?? (await webhookSecret(folders.server)),
  });
}

/** Chunks at once when nobody says: what the cores do, or what the other machines do; the recogniser knows its own limit. */
function slotsFor(workers: readonly string[]): number {
  const remote = parseWorkers(workers, process.env).reduce((sum, { slots }) => sum + slots, 0);
  return Math.max(availableParallelism(), remote);
}

function listenError(host: string, port: number, cause: NodeJS.ErrnoException): EarshotError {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : (cause.code ?? cause.message);
  return new EarshotError('usage', `cannot listen on ${place}: ${why}`, {
    hint: 'choose --host and --port',
    cause,
  });
}
