import { z } from 'zod';
import { ofDoor } from '../api/door-request.ts';
import { FieldError } from '../api/errors.ts';
import { publicError } from '../api/job-answer.ts';
import { inputSchema } from '../api/job-files.ts';
import { jobOptionsSchema } from '../api/job-options.ts';
import { parseJobForm } from '../api/job-request.ts';
import { ENDED } from '../jobs/states.ts';
import type { Transcript } from '../transcript/schema.ts';
import { fullText, inOrder, textOf } from '../writers/paragraphs.ts';
import { jobOf, type Route } from './context.ts';
import { markFetched, transcriptOf } from './jobs.ts';
import { checkedOptions, submit, TRANSCRIBE } from './submit.ts';
import { withUpload } from './with-upload.ts';

const offset = z.coerce.number().min(0).max(1e7);
const span = { start: z.number(), end: z.number() };
const ids = { job_id: z.uuid(), chunk_id: z.uuid().describe('The same as job_id.') };

const accepted = z.object({ status: z.literal('accepted'), ...ids });
const pending = z.object({ status: z.enum(['queued', 'processing']), ...ids });
const failed = z.object({
  status: z.literal('error'),
  ...ids,
  message: z.string(),
  error: z.object({ code: z.string(), message: z.string() }),
});
const completed = z.object({
  status: z.literal('completed'),
  ...ids,
  text: z.string(),
  language: z.string().nullable(),
  duration: z.number(),
  offset_seconds: z.number(),
  segments: z
    .array(
      z.object({
        id: z.int(),
        ...span,
        text: z.string(),
        speaker: z.string().nullable(),
        words: z.array(z.object({ text: z.string(), ...span, confidence: z.number().nullable() })),
      }),
    )
    .describe('Times are those of the whole recording: offset_seconds is added.'),
});
const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': schema },
});

/** For clients that cut media themselves: chunks in, then their results by polling, in the shapes of such services. */
export const CHUNK_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/enqueue_chunk',
    summary: 'Hand in a part of a recording',
    tag: 'Compatible',
    scope: 'submit',
    headers: { 'Idempotency-Key': { description: 'The same key for the same request gives the same job.' } },
    body: {
      'multipart/form-data': {
        schema: jobOptionsSchema.extend({
          offset_seconds: offset.optional().describe('Where the part begins in the whole.'),
        }),
        files: ['file'],
      },
    },
    responses: { 200: json(accepted, 'Accepted; it is not lost from here on.') },
    errors: [422, 507],
    async answer(call, context) {
      const { job } = await withUpload(call, context, async ({ id, form }) => {
        const own = form.fields.filter(([name]) => name === 'offset_seconds');
        const request = ofDoor(parseJobForm(form.fields.filter((field) => !own.includes(field))));
        if (form.file === null)
          throw new FieldError('file', 'the form has no file; send the recording as "file"');
        const offsetSeconds = offsetOf(own.map(([, value]) => value.trim()).filter((value) => value !== ''));
        const input = { name: request.name ?? form.file.name, url: null, offset_seconds: offsetSeconds };
        // Speakers of a part mean nothing in another: they are told apart only when that is asked for.
        const options = { diarization: 'off' as const, enrich: [], ...checkedOptions(request, context) };
        return submit({ id, kind: TRANSCRIBE, input, options, content: form.file, request }, call, context);
      });
      return { status: 'accepted', job_id: job.id, chunk_id: job.id };
    },
  },
  {
    method: 'GET',
    path: '/get_result/:id',
    summary: 'What became of a part of a recording',
    tag: 'Compatible',
    scope: 'read',
    params: { id: z.string().describe('Id of a chunk or job.') },
    responses: {
      200: json(z.union([completed, failed]), 'The result, or why there is none.'),
      202: json(pending, 'The job has not ended.'),
    },
    errors: [404],
    async answer(call, context) {
      const job = await jobOf(call, context);
      const named = { job_id: job.id, chunk_id: job.id };
      if (!ENDED.includes(job.status)) return call.reply.code(202).send({ status: job.status, ...named });
      if (job.status !== 'completed') {
        const error = job.error
          ? publicError(job.error)
          : { code: 'cancelled', message: 'the job was cancelled' };
        return { status: 'error', ...named, message: error.message, error };
      }
      const transcript = await transcriptOf(job, context);
      await markFetched(job, call, context);
      const offsetSeconds = inputSchema.parse(job.input).offset_seconds ?? 0;
      return { status: 'completed', ...named, ...chunkResult(transcript, offsetSeconds) };
    },
  },
];

function offsetOf(values: readonly string[]): number {
  const parsed = offset.safeParse(values[0] ?? 0);
  if (parsed.success && values.length < 2) return parsed.data;
  throw new FieldError('offset_seconds', '"offset_seconds": expected seconds from 0 on, once');
}

/** The transcript of a part, with times of the whole. */
function chunkResult(
  transcript: Transcript,
  offsetSeconds: number,
): Omit<z.infer<typeof completed>, 'status' | keyof typeof ids> {
  const at = (seconds: number): number => Math.round((seconds + offsetSeconds) * 1000) / 1000;
  return {
    text: fullText(transcript),
    language: transcript.language.code,
    duration: transcript.source.duration,
    offset_seconds: offsetSeconds,
    segments: inOrder(transcript.segments).map((segment) => ({
      id: segment.id,
      start: at(segment.start),
      end: at(segment.end),
      text: textOf(segment),
      speaker: segment.speaker,
      words: segment.words.map(({ text, start, end, confidence }) => ({
        text,
        start: at(start),
        end: at(end),
        confidence,
      })),
    })),
  };
}
