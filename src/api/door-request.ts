import { z } from 'zod';
import { FieldError } from './errors.ts';
import { parseJobForm, parseJobRequest, type JobRequest } from './job-request.ts';
import type { FormFields } from './openai.ts';

const flag = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['true', 'false', '1', '0'], 'expected true or false'))
  .transform((text) => text === 'true' || text === '1')
  .optional();
const hint = z.string().max(200).optional().describe('Understood, without effect: the server chooses.');
const count = z.coerce.number().int().min(1).max(50).optional();

/** What the doors take in their address as other services do; the form's fields are those of `POST /jobs`. */
export const transcribeQuery = z.strictObject({
  model: z.string().min(1).max(200).optional(),
  language: z.string().max(20).optional(),
  task: z.enum(['transcribe', 'translate']).optional(),
  min_speakers: count,
  max_speakers: count,
  enable_diarization: flag.describe('false: nobody is told apart.'),
  device: hint,
  compute_type: hint,
  diarization_device: hint,
  overlap_threshold: hint,
  word_timestamps: hint,
});
export const enrichQuery = z.strictObject({
  enable_prosody: flag.describe('Absent: as the server is set.'),
  enable_emotion: flag.describe('Absent: as the server is set.'),
  enable_categorical_emotion: flag.describe('The same as enable_emotion.'),
  device: hint,
});

/** The request that a door's address and form make together; the form has the last word. Throws a FieldError. */
export function transcribeRequest(
  {
    device: _d,
    compute_type: _c,
    diarization_device: _s,
    overlap_threshold: _o,
    word_timestamps: _w,
    ...query
  }: z.infer<typeof transcribeQuery>,
  fields: FormFields,
): JobRequest {
  const { enable_diarization: diarizes, ...options } = query;
  const asked = parseJobRequest({
    ...options,
    ...(diarizes === undefined ? {} : { diarization: diarizes ? 'auto' : 'off' }),
  });
  return { ...asked, ...ofDoor(parseJobForm(fields)) };
}

/** The same for `/enrich`. Flags turn on what they name, and off what they do not name. */
export function enrichRequest(query: z.infer<typeof enrichQuery>, fields: FormFields): JobRequest {
  const { enable_prosody: prosody, enable_emotion: emotion, enable_categorical_emotion: label } = query;
  const isSaid = [prosody, emotion, label].some((each) => each !== undefined);
  const enrich = [
    ...((prosody ?? true) ? ['prosody' as const] : []),
    ...((emotion ?? label ?? true) ? ['emotion' as const] : []),
  ];
  return { ...(isSaid ? { enrich } : {}), ...ofDoor(parseJobForm(fields)) };
}

/** The doors take the file itself, and wait for the job. */
export function ofDoor(request: JobRequest): JobRequest {
  for (const name of ['url', 'upload_id', 'webhook_url', 'webhook_secret', 'priority'] as const)
    if (request[name] !== undefined)
      throw new FieldError(name, `"${name}" is not for this door; POST /jobs takes it`);
  return request;
}
