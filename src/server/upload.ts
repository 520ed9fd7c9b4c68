import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { FieldError } from '../api/errors.ts';
import type { FormFields } from '../api/openai.ts';
import { EarshotError } from '../errors.ts';

/** A form whose file lies on disk under a name of ours. */
export interface ReceivedForm {
  readonly fields: FormFields;
  readonly path: string;
  /** What the client calls the file, for people to read; never part of a path. */
  readonly name: string;
  /** Deletes the file. */
  remove(): Promise<void>;
}

/** Longest text field, in bytes, and most fields of a form. */
const FIELD_BYTES = 64 * 1024;
const FIELDS = 200;

/**
 * Streams a multipart form to disk with constant memory: `file` may stand first, last or between the text fields, and
 * no length need be known. Rejects with `request_invalid`, `too_large` or the file system's error; nothing is then left.
 */
export async function receiveForm(
  request: FastifyRequest,
  folder: string,
  maxBytes: number,
): Promise<ReceivedForm> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + FIELDS * FIELD_BYTES)
    throw tooLarge(maxBytes);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${randomUUID()}.upload`);
  const remove = (): Promise<void> => rm(path, { force: true });
  try {
    const fields: [string, string][] = [];
    let name: string | null = null;
    const limits = {
      fileSize: maxBytes,
      files: 1,
      fields: FIELDS,
      parts: FIELDS + 1,
      fieldSize: FIELD_BYTES,
      fieldNameSize: 200,
    };
    for await (const part of request.parts({ limits })) {
      if (part.type === 'file') {
        name = await save(part, path, maxBytes);
        continue;
      }
      if (part.valueTruncated || part.fieldnameTruncated)
        throw new FieldError(part.fieldname, `"${part.fieldname}" is longer than ${FIELD_BYTES} bytes`);
      fields.push([part.fieldname, typeof part.value === 'string' ? part.value : JSON.stringify(part.value)]);
    }
    if (name === null) throw new FieldError('file', 'the form has no file; send the recording as "file"');
    return { fields, path, name, remove };
  } catch (error) {
    await remove();
    throw malformed(error) ?? error;
  }
}

/** The form's parser throws plain errors; those of the disk have a system's code, fastify's a status. */
function malformed(error: unknown): EarshotError | null {
  if (error instanceof EarshotError || !(error instanceof Error) || 'code' in error || 'statusCode' in error)
    return null;
  return new EarshotError('request_invalid', `the form is malformed: ${error.message}`, { cause: error });
}

async function save(part: MultipartFile, path: string, maxBytes: number): Promise<string> {
  if (part.fieldname !== 'file') {
    part.file.resume();
    throw new FieldError(
      part.fieldname,
      `"${part.fieldname}" must not be a file; send the recording as "file"`,
    );
  }
  await pipeline(part.file, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  if (part.file.truncated) throw tooLarge(maxBytes);
  return displayName(part.filename);
}

/** The last part of whatever path the client gave, without control characters, at most 200 characters. */
export function displayName(filename: string): string {
  const last = filename.split(/[/\\]/).at(-1) ?? '';
  const clean = [...last.replace(/\p{C}/gu, '').trim()].slice(0, 200).join('');
  return clean === '' ? 'recording' : clean;
}

const tooLarge = (maxBytes: number): EarshotError =>
  new EarshotError('too_large', `the file is larger than ${Math.floor(maxBytes / 1e6)} MB`);
