import { addressIn, FieldError } from '../api/errors.ts';
import type { JobInput } from '../api/job-files.ts';
import type { JobOptions } from '../api/job-options.ts';
import { optionsOfRequest, type JobRequest } from '../api/job-request.ts';
import { MODEL_ALIASES } from '../api/openai.ts';
import { EarshotError } from '../errors.ts';
import type { Submission } from '../jobs/submit.ts';
import type { Written } from '../storage/storage.ts';
import { canonicalJson, sha256 } from '../util/hash.ts';
import { suggest } from '../util/suggest.ts';
import { checkWebhookUrl } from '../util/webhook-url.ts';
import { hasScope } from './auth/caller.ts';
import type { Call, ServerContext } from './context.ts';
import { checkNotEmpty } from './upload.ts';

/** The kind of job that most doors make. */
export const TRANSCRIBE = { name: 'transcribe', first: 'prepare' };

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

/** Makes the job. Rejects with `recording_empty`, `forbidden`, `address_refused` or `idempotency_mismatch`. */
export async function submit(
  submitting: Submitting,
  call: Call,
  context: ServerContext,
): Promise<Submission> {
  const { caller, request: http } = call;
  const { input, options, content, request, kind, isShared = true } = submitting;
  const { limits } = context;
  if (content !== null) checkNotEmpty(content, 'file');
  const { priority = 0, webhook_url: webhookUrl } = request;
  if (priority > 0 && !hasScope(caller, 'admin'))
    throw new EarshotError('forbidden', 'a priority above 0 needs the scope admin');
  const webhook =
    webhookUrl === undefined
      ? null
      : {
          url: await addressIn('webhook_url', () =>
            checkWebhookUrl(webhookUrl, { allowPrivate: limits.allowPrivate }),
          ),
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
    quota: caller.quota,
  });
  context.activity.lastAt = context.clock.now();
  return submission;
}

/** Equal for equal requests: of what is to be done to what content, whatever its name. */
export function fingerprintOf({ kind, input, options, content, request }: Submitting): string {
  const { name: _, url, ...more } = input;
  const what = content === null ? { url, ...more } : { sha256: content.sha256, ...more };
  return sha256(canonicalJson([kind.name, what, options, request.webhook_url ?? null]));
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
