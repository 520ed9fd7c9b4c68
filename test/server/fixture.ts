import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createServer, type ServerDependencies, type TranscribeRequest } from '../../src/server/server.ts';
import type { Transcript } from '../../src/transcript/schema.ts';
import { DEFAULT_WRITER_OPTIONS } from '../../src/writers/writer.ts';
import { findWriter } from '../../src/writers/index.ts';

/** A small transcript of two speakers, 3.2 s. */
export function transcript(): Transcript {
  const segment = (id: number, start: number, end: number, speaker: string, texts: string[]) => ({
    id,
    start,
    end,
    text: texts.join(' '),
    speaker,
    speaker_confidence: null,
    channel: null,
    overlap: false,
    words: texts.map((text, i) => ({
      text,
      start: start + i * 0.5,
      end: start + i * 0.5 + 0.4,
      confidence: null,
      speaker,
    })),
    prosody: null,
    emotion: null,
    sentiment: null,
    rendering: null,
  });
  return {
    schema: 'earshot.transcript/1',
    id: 't',
    source: {
      name: 'a.wav',
      sha256: '0'.repeat(64),
      bytes: 1,
      container: 'wav',
      codec: 'pcm_s16le',
      sample_rate: 16_000,
      channels: 1,
      duration: 3.2,
    },
    language: { code: 'en', confidence: null, requested: 'auto' },
    segments: [segment(0, 0, 1, 'S1', ['Hello', 'there.']), segment(1, 1.5, 3, 'S2', ['Good', 'day.'])],
    turns: [],
    speakers: [],
    stages: {},
    gaps: [],
    warnings: [],
    receipt: {
      earshot: '0',
      run_id: 'r',
      created_at: '',
      options_hash: '',
      audio_seconds: 3.2,
      wall_seconds: 1,
      cost: null,
    },
  };
}

/** A running server over real sockets, and what its `transcribe` was asked. Closed with the test. */
export interface Running {
  readonly url: string;
  readonly uploadsDir: string;
  readonly calls: (TranscribeRequest & { path: string })[];
  close(graceMs?: number): Promise<void>;
}

export async function running(t: TestContext, changes: Partial<ServerDependencies> = {}): Promise<Running> {
  const uploadsDir = await mkdtemp(join(tmpdir(), 'earshot-server-'));
  const calls: Running['calls'] = [];
  const { transcribe, ...others } = changes;
  const server = createServer({
    transcribe: async (path, request, signal) => {
      calls.push({ ...request, path });
      return transcribe ? transcribe(path, request, signal) : transcript();
    },
    render: (format, value) => findWriter(format).render(value, DEFAULT_WRITER_OPTIONS),
    models: () => ['parakeet'],
    version: '0.1.0',
    apiKey: null,
    maxUploadBytes: 1_000_000,
    uploadsDir,
    ...others,
  });
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
  const close = (graceMs = 0): Promise<void> => server.close(graceMs);
  t.after(async () => {
    await close();
    await rm(uploadsDir, { recursive: true });
  });
  return { url, uploadsDir, calls, close };
}

/** A form by the platform's own encoder: `file` first, then the fields in their order. */
export function form(
  fields: readonly [string, string][],
  bytes: string | Uint8Array<ArrayBuffer> = 'RIFF',
): FormData {
  const data = new FormData();
  data.append('file', new Blob([bytes], { type: 'audio/wav' }), 'a.wav');
  for (const [name, value] of fields) data.append(name, value);
  return data;
}

/** Sends exactly these bytes as a chunked form, without Content-Length. */
export function raw(
  url: string,
  chunks: readonly (string | Buffer)[],
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=XX', ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    request.on('error', reject);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

export const textPart = (name: string, value: string): string =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
export const filePart = (filename: string, content: string): string =>
  `--XX\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n`;
export const END = '--XX--\r\n';
