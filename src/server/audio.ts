import { Readable } from 'node:stream';
import { z } from 'zod';
import { audioAnswer } from '../api/answer.ts';
import { FieldError } from '../api/errors.ts';
import { referenceKey, type JobInput } from '../api/job-files.ts';
import type { JobOptions } from '../api/job-options.ts';
import { type AudioRequest, parseAudioRequest, RESPONSE_FORMATS } from '../api/openai.ts';
import type { KnownSpeakerField } from '../api/known-speakers.ts';
import { streamAnswer } from './audio-stream.ts';
import type { Call, Route, ServerContext } from './context.ts';
import { submit, TRANSCRIBE } from './submit.ts';
import { withUpload } from './with-upload.ts';
import { answerWhenReady, PRIVATE, transcriptWhenDone, waitingSignal } from './synchronous.ts';

type Task = 'transcribe' | 'translate';

const list = z.array(z.string()).optional();
/** The form as OpenAPI tells it; api/openai.ts reads it. */
const audioBody = z.object({
  model: z.string().optional().describe("A model of this server, or one of OpenAI's ids: what is installed."),
  language: z.string().optional().describe('ISO 639 code; absent: recognised.'),
  response_format: z.enum(RESPONSE_FORMATS).default('json'),
  'timestamp_granularities[]': z
    .array(z.enum(['word', 'segment']))
    .optional()
    .describe('For verbose_json.'),
  stream: z.boolean().default(false).describe('Server-sent events, for json, text and diarized_json.'),
  'known_speaker_names[]': list.describe('Up to 4 names for voices of known_speaker_references.'),
  'known_speaker_references[]': list.describe('For each name a data: URL with 2 to 10 s of their speech.'),
  chunking_strategy: z.string().optional().describe('A hint without effect.'),
  prompt: z.string().optional().describe('A hint without effect.'),
  'keywords[]': list.describe('A hint without effect.'),
  'languages[]': list.describe('Taken like language when it is one.'),
  temperature: z.number().min(0).max(1).optional().describe('A hint without effect.'),
  'include[]': z
    .array(z.enum(['logprobs']))
    .optional()
    .describe('Without effect: no engine here tells probabilities of tokens.'),
});

/** POST /v1/audio/transcriptions and /v1/audio/translations: jobs that live as long as the request that waits for them. */
export const AUDIO_ROUTES: readonly Route[] = (['transcribe', 'translate'] as const).map((task) => ({
  method: 'POST',
  path: task === 'transcribe' ? '/v1/audio/transcriptions' : '/v1/audio/translations',
  summary: task === 'transcribe' ? 'Transcribe a recording' : 'Translate a recording to English',
  tag: 'OpenAI',
  scope: 'submit',
  body: { 'multipart/form-data': { schema: audioBody, files: ['file'] } },
  responses: {
    200: {
      description: 'The transcript in the format asked for, or its events.',
      content: { 'application/json': null, 'text/plain': null, 'text/vtt': null, 'text/event-stream': null },
    },
  },
  errors: [404, 422, 499, 502, 507],
  answer: (call, context) => answerAudio(task, call, context),
}));

async function answerAudio(task: Task, call: Call, context: ServerContext): Promise<unknown> {
  const signal = waitingSignal(call, context);
  let asked: AudioRequest | undefined;
  const { job } = await withUpload(
    call,
    context,
    async ({ id, form }) => {
      asked = parseAudioRequest(form.fields, context.models());
      if (form.file === null)
        throw new FieldError('file', 'the form has no file; send the recording as "file"');
      const input = {
        name: form.file.name,
        url: null,
        ...(await keep(asked.knownSpeakers, id, context)),
      };
      const options = optionsOf(asked, task);
      return submit({ id, kind: TRANSCRIBE, input, options, content: form.file, ...PRIVATE }, call, context);
    },
    { longFields: ['known_speaker_references'] },
  );
  const request = asked as unknown as AudioRequest;
  const work = transcriptWhenDone(job, signal, context);
  if (request.stream) return streamAnswer(call.reply, request, job, work, context);
  const answer = work.then((transcript) => audioAnswer(request, task, transcript, context.render));
  return answerWhenReady(call.reply, answer, request.format.endsWith('json'), context);
}

function optionsOf({ model, language, diarize }: AudioRequest, task: Task): JobOptions {
  return {
    ...(model === null ? {} : { model }),
    ...(language === 'auto' ? {} : { language }),
    task,
    ...(diarize ? {} : { diarization: 'off' }),
    enrich: [],
  };
}

/** Known speakers as a job has them; what introduces them is stored beside the recording. */
async function keep(
  known: readonly KnownSpeakerField[],
  jobId: string,
  { storage }: ServerContext,
): Promise<Pick<JobInput, 'known_speakers'>> {
  if (known.length === 0) return {};
  const stored = await Promise.all(
    known.map(async ({ name, audio }, i) => {
      const { sha256 } = await storage.put(referenceKey(jobId, i), Readable.from([audio]));
      return { name, sha256 };
    }),
  );
  return { known_speakers: stored };
}
