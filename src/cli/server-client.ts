import type { JobSettings } from '../client/jobs.ts';
import { EarshotClient } from '../client/client.ts';
import type { Job } from '../client/jobs.ts';
import { OPTIONS, type Settings } from '../config/options.ts';
import { EarshotError, type ErrorCode, ERRORS } from '../errors.ts';
import type { Context } from './command.ts';

/** The server that the settings name. Rejects with `server_unreachable` at once when nobody answers there. */
export async function serverOf({
  settings,
  signal,
}: Pick<Context, 'settings' | 'signal'>): Promise<EarshotClient> {
  const client = new EarshotClient({ url: settings.server, apiKey: settings.apiKey });
  await client.reach({ signal });
  return client;
}

/** What a job shall do otherwise than usual; for the rest the server has settings of its own. */
export function jobSettingsOf(settings: Settings): JobSettings {
  const { model, language, task, diarization, speakers, minSpeakers, maxSpeakers, enrich } = settings;
  const isUsual = (name: keyof Settings): boolean =>
    JSON.stringify(settings[name]) === JSON.stringify(OPTIONS[name].default);
  return {
    ...(model === null ? {} : { model }),
    ...(isUsual('language') ? {} : { language }),
    ...(isUsual('task') ? {} : { task: task as NonNullable<JobSettings['task']> }),
    ...(isUsual('diarization') ? {} : { diarization }),
    ...(speakers === null ? {} : { speakers }),
    ...(minSpeakers === null ? {} : { min_speakers: minSpeakers }),
    ...(maxSpeakers === null ? {} : { max_speakers: maxSpeakers }),
    ...(isUsual('enrich') ? {} : { enrich: [...enrich] }),
  };
}

/** Why a job that ended has no result; null for one that is completed. */
export function failureOf({ job_id: id, status, error }: Job): EarshotError | null {
  if (status === 'completed') return null;
  if (error === undefined) return new EarshotError('job_state', `the job ${id} was cancelled`);
  const code = error.code in ERRORS ? (error.code as ErrorCode) : 'internal';
  return new EarshotError(code, error.message, { hint: `earshot jobs logs ${id} tells more` });
}

/** Whether an error is about the server or the key, and so about every recording. */
export function isAboutAll(error: EarshotError): boolean {
  return ['unauthorized', 'forbidden', 'server_unreachable', 'draining', 'usage'].includes(error.code);
}
