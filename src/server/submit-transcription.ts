import { addressIn, FieldError } from '../api/errors.ts';
import type { JobOptions } from '../api/job-options.ts';
import { parseJobForm, parseJobRequest, type JobRequest } from '../api/job-request.ts';
import type { Submission } from '../jobs/submit.ts';
import type { Written } from '../storage/storage.ts';
import { checkLiteralAddress } from '../util/pinned-lookup.ts';
import { timeUuid } from '../util/time-uuid.ts';
import type { Call, ServerContext } from './context.ts';
import { checkRoom } from './room.ts';
import { checkedOptions, fingerprintOf, submit, TRANSCRIBE, type Submitting } from './submit.ts';
import { displayName } from './upload.ts';
import { withUpload } from './with-upload.ts';

/** What is wanted, wherever the recording is. */
interface Wanted {
  readonly request: JobRequest;
  readonly options: JobOptions;
}

/** `POST /jobs`: a form with the recording, or JSON that says where it is. */
export async function submitTranscription(call: Call, context: ServerContext): Promise<Submission> {
  if (call.request.isMultipart())
    return withUpload(call, context, async ({ id, form }) => {
      const request = parseJobForm(form.fields);
      const options = checkedOptions(request, context);
      if (form.file === null) return submitReference({ request, options }, call, context);
      if (request.url !== undefined || request.upload_id !== undefined)
        throw new FieldError('file', 'expected one of file, url and upload_id, got several');
      const input = { name: displayName(request.name ?? form.file.name), url: null };
      return submit({ id, kind: TRANSCRIBE, input, options, content: form.file, request }, call, context);
    });
  const request = parseJobRequest(call.request.body ?? {});
  return submitReference({ request, options: checkedOptions(request, context) }, call, context);
}

async function submitReference(wanted: Wanted, call: Call, context: ServerContext): Promise<Submission> {
  const { request } = wanted;
  const { url, upload_id: uploadId } = request;
  if (url !== undefined && uploadId !== undefined)
    throw new FieldError('upload_id', 'expected one of url and upload_id, got both');
  if (uploadId !== undefined) return submitUpload(uploadId, wanted, call, context);
  if (url === undefined)
    throw new FieldError(
      'file',
      'send the recording as "file", or say where it is with "url" or "upload_id"',
    );
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new FieldError('url', '"url": expected an http:// or https:// address');
  await addressIn('url', () => checkLiteralAddress(new URL(url), context.limits.allowPrivate));
  await checkRoom(call, context, 0);
  const name = displayName(request.name ?? lastPart(new URL(url)));
  return submit(
    { id: timeUuid(), kind: TRANSCRIBE, input: { name, url }, content: null, ...wanted },
    call,
    context,
  );
}

/** As the address has it where it cannot be decoded. */
function lastPart({ pathname }: URL): string {
  const last = pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** A job of a finished resumable upload. */
async function submitUpload(
  id: string,
  wanted: Wanted,
  call: Call,
  context: ServerContext,
): Promise<Submission> {
  const { caller } = call;
  const name = displayName(wanted.request.name ?? (await context.uploads.nameOf(id, caller)));
  const of = (content: Written): Submitting => ({
    ...{ id, kind: TRANSCRIBE, content, ...wanted },
    input: { name, url: null },
  });
  return context.uploads.claim(id, {
    caller,
    fingerprint: (content) => fingerprintOf(of(content)),
    async submit(content) {
      await checkRoom(call, context, content.bytes);
      return submit(of(content), call, context);
    },
  });
}
