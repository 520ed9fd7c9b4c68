import { folderOf, sourceKey } from '../api/job-files.ts';
import type { Submission } from '../jobs/submit.ts';
import { abortable } from '../util/abortable.ts';
import { timeUuid } from '../util/time-uuid.ts';
import type { Call, ServerContext } from './context.ts';
import { checkRoom, whileRoom } from './room.ts';
import { checkAnnounced, receiveForm, type ReceivedForm } from './upload.ts';

/** A recording that lies in the storage under the id of the job that is to be made of it. */
export interface Stored {
  readonly id: string;
  readonly form: ReceivedForm;
}

/** What a form may hold beside short texts. */
export interface UploadForm {
  /** Where each file goes, by its field. */
  readonly files?: Readonly<Record<string, (jobId: string) => string>>;
  /** Texts that hold audio. */
  readonly longFields?: readonly string[];
}

/**
 * Takes a form whose file is streamed into the storage under a new job's id, counted as an upload meanwhile. When `use`
 * rejects, or does not keep the files by making that job, they are removed.
 */
export async function withUpload(
  call: Call,
  context: ServerContext,
  use: (stored: Stored) => Promise<Submission>,
  { files = { file: sourceKey }, longFields = [] }: UploadForm = {},
): Promise<Submission> {
  const { storage, limits, activity } = context;
  const id = timeUuid();
  const announced = Number(call.request.headers['content-length'] ?? 0);
  checkAnnounced(call.request, limits.maxUploadBytes);
  await checkRoom(call, context, announced);
  activity.uploads++;
  let isKept = false;
  const gone = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onClose = (): void => void (timer = setTimeout(() => gone.abort(connectionGone()), GONE_MS).unref());
  if (call.reply.raw.destroyed) onClose();
  else call.reply.raw.once('close', onClose);
  try {
    const receiving = receiveForm(
      call.request,
      limits.maxUploadBytes,
      (bytes, field) =>
        storage.put((files[field] ?? sourceKey)(id), whileRoom(bytes, context), {
          maxBytes: limits.maxUploadBytes,
          signal: gone.signal,
        }),
      Object.keys(files),
      longFields,
    );
    const form = await abortable(receiving, gone.signal).finally(() => {
      call.reply.raw.off('close', onClose);
      clearTimeout(timer);
    });
    if (form.file !== null) context.metrics.received(form.file.bytes);
    if (form.file !== null && announced === 0) await checkRoom(call, context, form.file.bytes);
    const submission = await use({ id, form });
    isKept = submission.job.id === id;
    return submission;
  } finally {
    activity.uploads--;
    if (!isKept) await storage.removeAll(folderOf(id)).catch(context.onError);
  }
}

/**
 * Milliseconds after the connection has closed in which Node says that a body ended early. Of one that is as long as was
 * said, ends within the form, and has bytes behind it that are no HTTP it never does: it would be waited for for ever.
 */
const GONE_MS = 1_000;
const connectionGone = (): Error =>
  Object.assign(new Error('the connection has gone'), { code: 'ECONNRESET' });
