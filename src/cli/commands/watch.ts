import { join, resolve } from 'node:path';
import { writerOptions } from '../../config/pipeline.ts';
import { systemClock } from '../../util/clock.ts';
import { sha256 } from '../../util/hash.ts';
import { findWriter } from '../../writers/index.ts';
import type { Run } from '../command.ts';
import { reportFailure, reportOutcome } from '../report-outcome.ts';
import { jobSettingsOf, serverOf } from '../server-client.ts';
import { openDestination } from '../watch/destination.ts';
import { openPlace } from '../watch/place.ts';
import { WatchState } from '../watch/state.ts';
import { watch } from '../watch/watch.ts';

/**
 * Has every recording that appears in a folder or bucket transcribed once, until it is interrupted, which is a clean end
 * unless it was to do what is there `once`. Jobs go on, and the next watch of the place saves their results.
 */
export const watchCommand: Run = async (context) => {
  const { args, settings, folders, cwd, terminal, signal } = context;
  const client = await serverOf(context);
  const place = await openPlace(args[0] as string, context);
  const destination = settings.out === null ? await place.beside() : await openDestination(settings.out, cwd);
  const path =
    settings.state === null
      ? join(folders.watch, `${sha256(place.address).slice(0, 32)}.state`)
      : resolve(cwd, settings.state);
  const state = await WatchState.open(path, place.address);
  terminal.note(`watching ${place.address}; what is done is kept in ${path}`);
  try {
    const failed = await watch({
      ...{ place, destination, state, signal, clock: systemClock, client },
      ...{
        formats: jsonLast(settings.formats),
        layout: writerOptions(settings),
        overwrite: settings.overwrite,
      },
      ...{ settings: jobSettingsOf(settings), parallel: settings.parallel },
      ...{ once: settings.once, retryFailed: settings.retryFailed },
      pollMs: settings.pollSeconds * 1000,
      settleMs: settings.settleSeconds * 1000,
      onProgress: () => undefined, // many at once, for days: what ends is told
      onDone: ({ name, base, job_id: id }, transcript) => {
        const outputs = settings.formats.map((format) => destination.addressOf(fileOf(base, format)));
        return reportOutcome(name, { status: 'done', transcript, outputs }, context, { job_id: id });
      },
      onFailed: async ({ name, job_id: id }, error, willRetry) => {
        if (willRetry && !settings.once) terminal.note(`${name}: ${error.message}; it is tried again`);
        else await reportFailure(name, error, context, { job_id: id });
      },
    });
    return failed > 0 ? 1 : 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.note('no more watching; jobs go on, and the next watch saves their results');
    if (settings.once) throw error;
    return 0;
  } finally {
    await state.close();
    await destination.close();
    if (settings.out !== null) await place.close();
  }
};

const fileOf = (base: string, format: string): string => `${base}${findWriter(format).extension}`;

/** In a bucket files appear one after the other: with the JSON all are there. */
const jsonLast = (formats: readonly string[]): string[] =>
  [...new Set(formats)].sort((a, b) => Number(a === 'json') - Number(b === 'json'));
