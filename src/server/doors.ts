import type { z } from 'zod';
import { enrichQuery, enrichRequest, transcribeQuery, transcribeRequest } from '../api/door-request.ts';
import { FieldError } from '../api/errors.ts';
import { givenTranscriptKey, sourceKey } from '../api/job-files.ts';
import { jobOptionsSchema } from '../api/job-options.ts';
import { CHUNK_ROUTES } from './chunk-doors.ts';
import type { Call, Route, ServerContext } from './context.ts';
import { resultContent, resultQuery, SANDBOX, withCharset } from './jobs.ts';
import { checkedOptions, submit, TRANSCRIBE, type Submitting } from './submit.ts';
import { withUpload, type Stored } from './with-upload.ts';
import { answerWhenReady, PRIVATE, transcriptWhenDone, waitingSignal } from './synchronous.ts';
import type { ReceivedFile } from './upload.ts';

/** Other services call the recording by either name. */
const RECORDING = { file: sourceKey, audio: sourceKey };
const waited = { 200: { description: 'The transcript, in the format asked for.', content: resultContent } };
const transcribing = transcribeQuery.extend(resultQuery.shape);
const enriching = enrichQuery.extend(resultQuery.shape);

/** Routes of other services, thin over the same jobs: those that answer with the result, and those for chunks. */
export const DOOR_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/transcribe',
    summary: 'Transcribe a recording and wait for the result',
    tag: 'Compatible',
    scope: 'submit',
    query: transcribing,
    body: { 'multipart/form-data': { schema: jobOptionsSchema, files: ['file', 'audio'] } },
    responses: waited,
    errors: [404, 422, 499, 502, 507],
    async answer(call, context) {
      const { format, ...query } = call.query as z.infer<typeof transcribing>;
      return answerWith(format, { files: RECORDING }, call, context, ({ form }) => {
        const { name: called, ...request } = transcribeRequest(query, form.fields);
        const recording = recordingOf(form.files);
        return {
          kind: TRANSCRIBE,
          input: { name: called ?? recording.name, url: null },
          options: checkedOptions(request, context),
          content: recording,
        };
      });
    },
  },
  {
    method: 'POST',
    path: '/enrich',
    summary: 'Add to a transcript what its recording tells, and wait for the result',
    tag: 'Compatible',
    scope: 'submit',
    query: enriching,
    body: {
      'multipart/form-data': {
        schema: jobOptionsSchema.pick({ enrich: true }),
        files: ['transcript', 'file', 'audio'],
      },
    },
    responses: waited,
    errors: [404, 422, 499, 502, 507],
    async answer(call, context) {
      const { format, ...query } = call.query as z.infer<typeof enriching>;
      const files = { ...RECORDING, transcript: givenTranscriptKey };
      return answerWith(format, { files }, call, context, ({ form }) => {
        const { enrich } = enrichRequest(query, form.fields);
        const recording = recordingOf(form.files);
        if (!form.files.has('transcript'))
          throw new FieldError(
            'transcript',
            'send the transcript (earshot.transcript/1 JSON) as "transcript"',
          );
        return {
          kind: { name: 'enrich', first: 'enrich' },
          input: { name: recording.name, url: null },
          options: enrich === undefined ? {} : { enrich },
          content: recording,
        };
      });
    },
  },
  ...CHUNK_ROUTES,
];

/** Makes the job of a form, waits for it, and answers with its transcript. */
async function answerWith(
  format: string,
  form: Parameters<typeof withUpload>[3],
  call: Call,
  context: ServerContext,
  make: (stored: Stored) => Pick<Submitting, 'kind' | 'input' | 'options' | 'content'>,
): Promise<unknown> {
  const signal = waitingSignal(call, context);
  const { job } = await withUpload(
    call,
    context,
    (stored) => submit({ id: stored.id, ...make(stored), ...PRIVATE }, call, context),
    form,
  );
  const contentType = withCharset(context.mediaType(format));
  const answer = transcriptWhenDone(job, signal, context).then((transcript) => ({
    contentType,
    body: context.render(format, transcript),
  }));
  call.reply.header('content-security-policy', SANDBOX);
  return answerWhenReady(call.reply, answer, /json/.test(contentType), context);
}

/** The one recording of a form. Throws a FieldError when there is none, or one under each name. */
export function recordingOf(files: ReadonlyMap<string, ReceivedFile>): ReceivedFile {
  const [recording, another] = Object.keys(RECORDING).flatMap((field) => files.get(field) ?? []);
  if (recording === undefined)
    throw new FieldError('file', 'the form has no file; send the recording as "file"');
  if (another !== undefined) throw new FieldError('audio', 'expected one of file and audio, got both');
  return recording;
}
