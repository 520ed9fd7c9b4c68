import { randomUUID } from 'node:crypto';
import { FieldError } from '../api/errors.ts';
import { folderOf, sourceKey, type JobInput } from '../api/job-files.ts';
import type { JobOptions } from '../api/job-options.ts';
import { optionsOfRequest, parseJobForm, parseJobRequest, type JobRequest } from '../api/job-request.ts';
import { MODEL_ALIASES } from '../api/openai.ts';
import { EarshotError } from '../errors.ts';
import type { Submission } from '../jobs/submit.ts';
import type { Written } from '../storage/storage.ts';
import { canonicalJson, sha256 } from '../util/hash.ts';
import { checkLiteralAddress } from '../util/pinned-lookup.ts';
import { suggest } from '../util/suggest.ts';
import { checkWebhookUrl } from '../util/webhook-url.ts';
import { hasScope } from './auth/caller.ts';
import { checkQueuedJobs, checkStoredBytes } from './auth/quota.ts';
import type { Call, ServerContext } from './context.ts';
import { checkAnnounced, displayName, receiveForm, type ReceivedForm } from './upload.ts';

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
  const id = randomUUID();
  const announced = Number(call.request.headers['content-length'] ?? 0);
  checkAnnounced(call.request, limits.maxUploadBytes);
  await checkRoom(call, context, announced);
  activity.uploads++;
  let isKept = false;
  try {
    const form = await receiveForm(
      call.request,
      limits.maxUploadBytes,
      (bytes, field) =>
        storage.put((files[field] ?? sourceKey)(id), whileRoom(bytes, context), {
          maxBytes: limits.maxUploadBytes,
        }),
      Object.keys(files),
      longFields,
    );
    if (form.file !== null) context.metrics.received(form.file.bytes);
    if (form.file !== null && announced === 0) await checkRoom(call, context, form.file.bytes);
    const submission = await use({ id, form });
    isKept = submission.isNew;
    return submission;
  } finally {
    activity.uploads--;
    if (!isKept) await storage.removeAll(folderOf(id)).catch(context.onError);
  }
}

/** Refuses an upload before it fills the disk or the caller's share of it. */
export async function checkRoom(
  { caller }: Call,
  { jobs, storage, limits }: ServerContext,
  bytes: number,
): Promise<void> {
  if (caller.quota.maxQueuedJobs !== null || caller.quota.maxStoredBytes !== null) {
    const usage = await jobs.usage(caller.owner);
    checkQueuedJobs(caller, usage.unfinished);
    checkStoredBytes(caller, usage.bytes, bytes);
  }
  await checkFree({ storage, limits }, bytes);
}

async function checkFree(
  { storage, limits }: Pick<ServerContext, 'storage' | 'limits'>,
  bytes: number,
): Promise<void> {
  const free = await storage.freeBytes();
  if (free !== null && free - bytes < limits.minFreeBytes)
    throw new EarshotError('disk_full', 'the storage has no room for another upload');
}

/** Bytes between two looks at the room that is left. */
const LOOK_BYTES = 64e6;

/** The bytes, for as long as there is room: none need be announced, and others upload at the same time. */
async function* whileRoom(
  bytes: AsyncIterable<Uint8Array>,
  context: ServerContext,
): AsyncGenerator<Uint8Array> {
  let since = 0;
  for await (const chunk of bytes) {
    yield chunk;
    since += chunk.length;
    if (since < LOOK_BYTES) continue;
    since = 0;
    await checkFree(context, 0);
  }
}

/** What a job is made of, whatever door it came through. */
export interface Submitting {
  readonly id: string;
  readonly kind: { readonly name: string; readonly first: string };
  readonly input: JobInput;
  readonly options: JobOptions;
  /** null: a URL, whose content is not known yet. */
  readonly content: Written | null;
  readonly request: Pick<JobRequest, 'priority' | 'webhook_url' | 'webhook_secret'>;
  /** False: an equal request, even one with the same Idempotency-Key, makes a job of its own. */
  readonly isShared?: boolean;
  readonly keepSeconds?: number;
}

/** Makes the job. Rejects with `forbidden`, `address_refused` or `idempotency_mismatch`. */
export async function submit(
  submitting: Submitting,
  call: Call,
  context: ServerContext,
): Promise<Submission> {
  const { caller, request: http } = call;
  const { input, options, content, request, kind, isShared = true } = submitting;
  const { limits } = context;
  const { priority = 0, webhook_url: webhookUrl } = request;
  if (priority > 0 && !hasScope(caller, 'admin'))
    throw new EarshotError('forbidden', 'a priority above 0 needs the scope admin');
  const webhook =
    webhookUrl === undefined
      ? null
      : {
          url: await checkWebhookUrl(webhookUrl, { allowPrivate: limits.allowPrivate }),
          secret: request.webhook_secret ?? null,
        };
  const submission = await context.jobs.submit({
    id: submitting.id,
    kind: kind.name,
    first: kind.first,
    owner: caller.owner,
    options: { ...options },
    input: { ...input },
    bytes: content?.bytes ?? 0,
    priority,
    webhook,
    idempotencyKey: isShared ? idempotencyKey(http.headers['idempotency-key']) : null,
    fingerprint: fingerprintOf(submitting),
    dedupeSeconds: isShared ? limits.dedupeSeconds : 0,
    keepSeconds: submitting.keepSeconds ?? limits.keepSeconds,
  });
  context.activity.lastAt = context.clock.now();
  return submission;
}

/** Equal for equal requests: of what is to be done to what content, whatever its name. */
function fingerprintOf({ kind, input, options, content, request }: Submitting): string {
  const { name: _, url, ...more } = input;
  const what = content === null ? { url, ...more } : { sha256: content.sha256, ...more };
  return sha256(canonicalJson([kind.name, what, options, request.webhook_url ?? null]));
}

/** `POST /jobs`: a form with the recording, or JSON that says where it is. */
export async function submitTranscription(call: Call, context: ServerContext): Promise<Submission> {
  const kind = { name: 'transcribe', first: 'prepare' };
  if (call.request.isMultipart())
    return withUpload(call, context, async ({ id, form }) => {
      const request = parseJobForm(form.fields);
      const options = checkedOptions(request, context);
      if (form.file === null) return submitReference(request, options, kind, call, context);
      if (request.url !== undefined || request.upload_id !== undefined)
        throw new FieldError('file', 'expected one of file, url and upload_id, got several');
      const input = { name: displayName(request.name ?? form.file.name), url: null };
      return submit({ id, kind, input, options, content: form.file, request }, call, context);
    });
  const request = parseJobRequest(call.request.body ?? {});
  return submitReference(request, checkedOptions(request, context), kind, call, context);
}

async function submitReference(
  request: JobRequest,
  options: JobOptions,
  kind: Submitting['kind'],
  call: Call,
  context: ServerContext,
): Promise<Submission> {
  const { url, upload_id: uploadId } = request;
  if (url !== undefined && uploadId !== undefined)
    throw new FieldError('upload_id', 'expected one of url and upload_id, got both');
  if (uploadId !== undefined) return submitUpload(uploadId, request, options, kind, call, context);
  if (url === undefined)
    throw new FieldError(
      'file',
      'send the recording as "file", or say where it is with "url" or "upload_id"',
    );
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new FieldError('url', '"url": expected an http:// or https:// address');
  checkLiteralAddress(new URL(url), context.limits.allowPrivate);
  await checkRoom(call, context, 0);
  const name = displayName(request.name ?? lastPart(new URL(url)));
  return submit(
    { id: randomUUID(), kind, input: { name, url }, options, content: null, request },
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
  request: JobRequest,
  options: JobOptions,
  kind: Submitting['kind'],
  call: Call,
  context: ServerContext,
): Promise<Submission> {
  const { caller } = call;
  const name = displayName(request.name ?? (await context.uploads.nameOf(id, caller)));
  const of = (content: Written): Submitting => ({
    ...{ id, kind, options, content, request },
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

/** The options, with OpenAI's names for models resolved. Throws for a model that this server does not have. */
export function checkedOptions(request: JobRequest, { models }: ServerContext): JobOptions {
  const { model, ...options } = optionsOfRequest(request);
  if (model === undefined || (MODEL_ALIASES as readonly string[]).includes(model)) return options;
  if (models().includes(model)) return { model, ...options };
  const meant = suggest(model, models());
  const hint = meant === null ? 'GET /v1/models lists them' : `did you mean "${meant}"?`;
  throw new FieldError('model', `there is no model "${model}" here; ${hint}`);
}

function idempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new FieldError('Idempotency-Key', 'Idempotency-Key: expected 1 to 255 visible ASCII characters');
}
