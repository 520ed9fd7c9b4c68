import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { encodeWav } from '../../src/audio/waveform.ts';
import { converse, type Line } from '../../samples/conversation.ts';
import { synthesise, type Voice } from '../../samples/synthesis.ts';
import { SAMPLES } from '../cli/run-cli.ts';
import { pause, serving, type Serving } from '../cli/serving.ts';

type Diarized = OpenAI.Audio.TranscriptionDiarized;
const LINES: readonly Line[] = [
  { voice: 'slt', pause: 0.5, text: 'Good morning everyone. Please take a seat and we will begin.' },
  { voice: 'awb', pause: 0.7, text: 'Thank you. This is the report on the new office in the city.' },
  { voice: 'rms', pause: 0.7, text: 'Then we can use our money for the garden and the school.' },
  { voice: 'slt', pause: 0.7, text: 'We should meet again on Monday morning at nine in the office.' },
  { voice: 'awb', pause: 0.7, text: 'The weather was cold, so people wanted to stay at home with a book.' },
  {
    voice: 'rms',
    pause: 0.7,
    text: 'How many people will work there next year? I will be there with the final plan.',
  },
];

/** OpenAI's client against the real pipeline: what it hears, who speaks, and its check of our webhooks. */
describe('the openai package with the real pipeline', () => {
  let cwd: string;
  let server: Serving;
  let client: OpenAI;
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'earshot-openai-'));
    server = await serving(cwd, ['--allow-private', '--jobs', '1']);
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  after(async () => {
    await server.stop();
    await rm(cwd, { recursive: true, force: true });
  });

  const wav = (samples: Float32Array): string =>
    `data:audio/wav;base64,${encodeWav(samples).toString('base64')}`;
  /** Words that nobody says in the recordings here. */
  const reference = async (voice: Voice): Promise<string> =>
    wav(
      (await synthesise(voice, 'The train to the north leaves from the other side of the river at seven.'))
        .samples,
    );
  const call = (): ReturnType<typeof createReadStream> => createReadStream(join(SAMPLES, 'call.flac'));

  test('known speakers have their names, the stranger a letter, all at the right time', async () => {
    const { channels, truth } = await converse(LINES);
    const answer = (await client.audio.transcriptions.create({
      file: await toFile(encodeWav(channels[0] as Float32Array), 'meeting.wav'),
      model: 'gpt-4o-transcribe-diarize',
      response_format: 'diarized_json',
      chunking_strategy: 'auto',
      known_speaker_names: ['Rob', 'Ann'],
      known_speaker_references: [await reference('rms'), await reference('slt')],
    })) as unknown as Diarized;
    const named: Record<string, string> = { slt: 'Ann', rms: 'Rob', awb: 'A' };
    assert.deepEqual([...new Set(answer.segments.map(({ speaker }) => speaker))].sort(), ['A', 'Ann', 'Rob']);
    let right = 0;
    let all = 0;
    for (const { start, end, speaker } of answer.segments) {
      const shared = (turn: (typeof truth.turns)[number]): number =>
        Math.max(0, Math.min(end, turn.end) - Math.max(start, turn.start));
      const heard = [...truth.turns].sort((a, b) => shared(b) - shared(a))[0];
      all += end - start;
      if (named[heard?.speaker ?? ''] === speaker) right += end - start;
    }
    assert.ok(right / all > 0.9, `${((100 * right) / all).toFixed(1)} % have the right name`);
  });

  test('somebody who is not there gives nobody a name', async () => {
    const stream = await client.audio.transcriptions.create({
      file: createReadStream(join(SAMPLES, 'clip.flac')),
      model: 'gpt-4o-transcribe-diarize',
      response_format: 'diarized_json',
      known_speaker_names: ['Rob'],
      known_speaker_references: [await reference('rms')],
      stream: true,
    });
    const speakers = new Set<string>();
    for await (const event of stream)
      if (event.type === 'transcript.text.segment') speakers.add(event.speaker);
    assert.deepEqual([...speakers], ['A']);
  });

  for (const [what, samples] of [
    ['too short', new Float32Array(16_000)],
    ['too long', new Float32Array(11 * 16_000)],
    ['no audio', null],
  ] as const)
    test(`a reference that is ${what} is a bad request`, async () => {
      const bad = samples ? wav(samples) : `data:audio/wav;base64,${Buffer.from('RIFF').toString('base64')}`;
      const asked = {
        model: 'gpt-4o-transcribe-diarize',
        response_format: 'diarized_json' as const,
        known_speaker_names: ['Rob'],
        known_speaker_references: [bad],
      };
      const { transcriptions } = client.audio;
      const clip = (): ReturnType<typeof createReadStream> => createReadStream(join(SAMPLES, 'clip.flac'));
      for (const ask of [
        () => transcriptions.create({ file: clip(), ...asked }),
        () => transcriptions.create({ file: clip(), ...asked, stream: true }),
      ])
        await assert.rejects(ask(), (error) => {
          assert.ok(error instanceof OpenAI.BadRequestError, String(error));
          assert.equal(error.param, 'known_speaker_references');
          assert.match(error.message, /the reference of "Rob"/);
          return true;
        });
    });

  test('text is streamed chunk by chunk, and adds up to the whole', async () => {
    const { channels } = await converse(LINES);
    const once = channels[0] as Float32Array;
    const again = new Float32Array([...once, ...once.subarray(0, 12 * 16_000)]); // longer than a chunk
    const stream = await client.audio.transcriptions.create({
      ...{ file: await toFile(encodeWav(again), 'again.wav'), model: 'gpt-4o-transcribe' },
      stream: true,
    });
    const deltas: string[] = [];
    const at: number[] = [];
    let whole = '';
    for await (const event of stream) {
      if (event.type === 'transcript.text.delta') deltas.push(event.delta);
      if (event.type === 'transcript.text.done') whole = event.text;
      at.push(performance.now());
    }
    assert.match(whole, /monday morning at nine .* take a seat/i);
    assert.equal(deltas.join(''), whole);
    assert.ok(deltas.length > 1);
    assert.ok((at.at(-1) ?? 0) - (at[0] ?? 0) > 100, 'the first words came before the last were heard');
  });

  test('webhooks.unwrap accepts our webhook with the secret of the server, and no other', async (t) => {
    const received = Promise.withResolvers<{ body: string; headers: Record<string, string> }>();
    const receiver = http.createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        response.end();
        received.resolve({ body, headers: request.headers as Record<string, string> });
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    t.after(() => receiver.close());
    const form = new FormData();
    form.set('webhook_url', `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`);
    form.set('file', await toFile(await readFile(join(SAMPLES, 'silence.flac')), 'silence.flac'));
    const answer = await fetch(`${server.url}/jobs`, { method: 'POST', body: form });
    assert.equal(answer.status, 201, await answer.clone().text());
    const { job_id: id } = (await answer.json()) as { job_id: string };
    const { body, headers } = await received.promise;
    const secret = (await readFile(join(cwd, 'data/server/webhook-secret'), 'utf8')).trim();
    const event = (await client.webhooks.unwrap(body, headers, secret)) as unknown as {
      type: string;
      data: { job_id: string };
    };
    assert.equal(event.data.job_id, id);
    await assert.rejects(
      client.webhooks.unwrap(`${body} `, headers, secret),
      OpenAI.InvalidWebhookSignatureError,
    );
  });

  test('a client that aborts frees the workers within seconds', async () => {
    const abort = new AbortController();
    const answer = client.audio.transcriptions.create(
      { file: call(), model: 'whisper-1' },
      { signal: abort.signal },
    );
    const health = async (): Promise<{ processing_jobs: number; queued_jobs: number }> =>
      (await (await fetch(`${server.url}/health`)).json()) as {
        processing_jobs: number;
        queued_jobs: number;
      };
    while ((await health()).processing_jobs === 0) await pause(20);
    abort.abort();
    await assert.rejects(answer, OpenAI.APIUserAbortError);
    const began = Date.now();
    while ((await health()).processing_jobs > 0) {
      assert.ok(Date.now() - began < 3_000);
      await pause(20);
    }
    const { jobs } = (await (await fetch(`${server.url}/jobs?status=cancelled`)).json()) as {
      jobs: unknown[];
    };
    assert.deepEqual(jobs, []);
  });
});
