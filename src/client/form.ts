import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EarshotError } from '../errors.ts';
import type { Recording } from './byte-source.ts';

/** A form with a recording; neither kind holds the recording in memory. */
export interface Form {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: () => NonNullable<RequestInit['body']>;
  /** 'never' for a stream, whose `body` cannot be called again. */
  readonly repeat: 'always' | 'never';
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** Rejects with `recording_not_found` for a path that names no file. */
export async function formOf(recording: Recording, name: string | null, fields: Fields): Promise<Form> {
  if (typeof recording === 'string' || recording instanceof URL) {
    const path = typeof recording === 'string' ? recording : fileURLToPath(recording);
    const info = await stat(path).catch(() => null);
    if (!info?.isFile()) throw new EarshotError('recording_not_found', `${path} is no file that can be read`);
    return ofBlob(await openAsBlob(path), name ?? basename(path), fields);
  }
  if (recording instanceof Blob) return ofBlob(recording, name ?? nameOf(recording), fields);
  return ofStream(recording, name ?? 'recording', fields);
}

function ofBlob(blob: Blob, name: string, fields: Fields): Form {
  const body = (): FormData => {
    const form = new FormData();
    for (const [field, value] of fields) form.append(field, value);
    form.append('file', blob, name);
    return form;
  };
  return { headers: {}, body, repeat: 'always' };
}

/** multipart/form-data (RFC 7578) of unknown length; names are quoted as browsers do it. */
function ofStream(stream: AsyncIterable<Uint8Array>, name: string, fields: Fields): Form {
  const boundary = `earshot-${randomUUID()}`;
  const quoted = (text: string): string =>
    text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const part = (disposition: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let head = fields.map(([field, value]) => `${part(`name="${quoted(field)}"`)}\r\n${value}\r\n`).join('');
    head += part(`name="file"; filename="${quoted(name)}"`);
    yield Buffer.from(`${head}Content-Type: application/octet-stream\r\n\r\n`);
    yield* stream;
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: () => ReadableStream.from(bytes()) as ReadableStream,
    repeat: 'never',
  };
}

const nameOf = (blob: Blob): string =>
  'name' in blob && typeof blob.name === 'string' && blob.name !== '' ? blob.name : 'recording';
