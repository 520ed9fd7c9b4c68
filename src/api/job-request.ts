import { z } from 'zod';
import { suggest } from '../util/suggest.ts';
import { FieldError, shown } from './errors.ts';
import { jobOptionsSchema, type JobOptions } from './job-options.ts';
import type { FormFields } from './openai.ts';

/** What `POST /jobs` may say beside the recording itself. */
export const jobRequestSchema = jobOptionsSchema.extend({
  url: z.string().max(2048).optional().describe('http(s) address of the recording.'),
  upload_id: z.string().max(200).optional().describe('Id of a finished resumable upload.'),
  name: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe('What the recording is called; absent: the name of the file, or the last part of the URL.'),
  whisper_model: z.string().min(1).max(200).optional().describe('The same as model.'),
  priority: z
    .int()
    .min(-10)
    .max(10)
    .optional()
    .describe('Higher is served first; above 0 needs the scope admin.'),
  webhook_url: z.string().max(2048).optional().describe('Called when the job has ended.'),
  webhook_secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/=]{32,}$/, 'expected a secret that begins with whsec_')
    .optional()
    .describe("Signs the webhook; absent: the server's own secret."),
});
export type JobRequest = z.infer<typeof jobRequestSchema>;

const NAMES = Object.keys(jobRequestSchema.shape);
const LISTS = new Set(['enrich']);
const NUMBERS = new Set(['speakers', 'min_speakers', 'max_speakers', 'batch_size', 'priority']);

/**
 * Reads a form's text fields; one that is left empty, as pages send all of theirs, is absent. Throws a FieldError for the
 * first that is unknown or wrong.
 */
export function parseJobForm(fields: FormFields): JobRequest {
  const given: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [wireName, value] of fields) {
    const name = wireName.replace(/\[\]$/, '');
    if (value.trim() === '' && NAMES.includes(name)) continue;
    if (LISTS.has(name)) {
      const items = value === 'none' ? [] : value.split(',').map((item) => item.trim());
      given[name] = [...((given[name] as string[] | undefined) ?? []), ...items];
    } else if (name in given) throw new FieldError(wireName, `"${wireName}": expected once, got several`);
    else given[name] = NUMBERS.has(name) ? Number(value) : value;
  }
  return parseJobRequest(given);
}

/** Checks a JSON body. Throws a FieldError for the first field that is unknown or wrong. */
export function parseJobRequest(json: unknown): JobRequest {
  const parsed = jobRequestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys[0] as string;
    const meant = suggest(name, NAMES);
    throw new FieldError(
      shown(name),
      `unknown field "${shown(name)}"${meant === null ? '' : `; did you mean "${meant}"?`}`,
    );
  }
  const name = issue.path.join('.');
  throw new FieldError(
    name,
    name === '' ? 'expected a JSON object with the fields of the request' : `"${name}": ${issue.message}`,
  );
}

/** The part of a request that decides what the transcript will be. */
export function optionsOfRequest(request: JobRequest): JobOptions {
  const { model, whisper_model: whisper, language, task, diarization, enrich, batch_size: batch } = request;
  const { speakers, min_speakers: min, max_speakers: max } = request;
  if (speakers !== undefined && (min !== undefined || max !== undefined))
    throw new FieldError('speakers', '"speakers" is exact: leave min_speakers and max_speakers away');
  if (min !== undefined && max !== undefined && min > max)
    throw new FieldError('min_speakers', `"min_speakers": ${min} is more than max_speakers, ${max}`);
  return jobOptionsSchema.parse({
    ...given({ model: model ?? whisper, language, task, diarization, enrich, batch_size: batch }),
    ...given({ speakers, min_speakers: min, max_speakers: max }),
  });
}

const given = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
