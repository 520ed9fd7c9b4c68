import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { FieldError } from '../api/errors.ts';
import type { FormFields } from '../api/openai.ts';
import { EarshotError } from '../errors.ts';
import type { Written } from '../storage/storage.ts';

/** A form's text fields in the order of arrival, and its file: where it went, and what the client calls it. */
export interface ReceivedForm {
  readonly fields: FormFields;
  /** null: the form has no file. */
  readonly file: ReceivedFile | null;
  /** All files by their field. */
  readonly files: ReadonlyMap<string, ReceivedFile>;
}

export type ReceivedFile = Written & { readonly name: string };

/** Longest text field, in bytes, and most fields of a form. */
const FIELD_BYTES = 64 * 1024;
const FIELDS = 200;
/** Fields that hold audio may be as long as ten seconds of it: 3 MB in base64. All texts of a form together are limited, too. */
const LONG_FIELD_BYTES = 4 << 20;
const TEXT_BYTES = FIELDS * FIELD_BYTES;

/**
 * Streams a multipart form with constant memory: `file` may stand first, last or between the text fields, and no length
 * need be known. `save` takes the file's bytes; where it has put them is the caller's to clean up when this rejects, with
 * `request_invalid`, `too_large` or what `save` rejects with.
 */
export async function receiveForm(
  request: FastifyRequest,
  maxBytes: number,
  save: (bytes: AsyncIterable<Uint8Array>, field: string) => Promise<Written>,
  files: readonly string[] = ['file'],
  longFields: readonly string[] = [],
): Promise<ReceivedForm> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + TEXT_BYTES) throw tooLarge(maxBytes);
  try {
    const fields: [string, string][] = [];
    const received = new Map<string, ReceivedFile>();
    let textBytes = 0;
    const limits = {
      fileSize: maxBytes + 1,
      files: files.length,
      fields: FIELDS,
      parts: FIELDS + files.length,
      fieldSize: longFields.length > 0 ? LONG_FIELD_BYTES : FIELD_BYTES,
      fieldNameSize: 200,
    };
    // A file may come without a name or type: what counts is the field.
    const isPartAFile = (field: string | undefined, type: string | undefined, name: string | undefined) =>
      name !== undefined || type === 'application/octet-stream' || files.includes(field ?? '');
    for await (const part of request.parts({ limits, isPartAFile })) {
      if (part.type === 'file') {
        const written = await saved(part, maxBytes, save, files);
        if (written.bytes === 0 && !part.filename) continue; // a page whose user has chosen no file
        received.set(part.fieldname, { ...written, name: displayName(part.filename) });
        continue;
      }
      const value = typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
      const bytes = Buffer.byteLength(value);
      const most = longFields.includes(part.fieldname.replace(/\[\]$/, '')) ? LONG_FIELD_BYTES : FIELD_BYTES;
      if (part.valueTruncated || part.fieldnameTruncated || bytes > most)
        throw new FieldError(part.fieldname, `"${part.fieldname}" is longer than ${most} bytes`);
      if ((textBytes += bytes) > TEXT_BYTES)
        throw new EarshotError(
          'too_large',
          `the texts of the form are longer than ${TEXT_BYTES} bytes together`,
        );
      fields.push([part.fieldname, value]);
    }
    return { fields, file: received.get(files[0] ?? '') ?? null, files: received };
  } catch (error) {
    throw malformed(error) ?? error;
  }
}

async function saved(
  part: MultipartFile,
  maxBytes: number,
  save: (bytes: AsyncIterable<Uint8Array>, field: string) => Promise<Written>,
  files: readonly string[],
): Promise<Written> {
  if (!files.includes(part.fieldname)) {
    part.file.resume();
    throw new FieldError(
      part.fieldname,
      `"${part.fieldname}" must not be a file; send the recording as "file"`,
    );
  }
  const written = await save(part.file, part.fieldname);
  if (part.file.truncated || written.bytes > maxBytes) throw tooLarge(maxBytes);
  return written;
}

/** The form's parser throws plain errors; those of the disk have a system's code, fastify's a status. */
function malformed(error: unknown): EarshotError | null {
  if (error instanceof Error && (error as { code?: unknown }).code === 'FST_FILES_LIMIT')
    return new FieldError('file', 'expected one file, got several');
  if (error instanceof EarshotError || !(error instanceof Error) || 'code' in error || 'statusCode' in error)
    return null;
  if (error.name === 'AbortError') return null;
  return new EarshotError('request_invalid', `the form is malformed: ${error.message}`, { cause: error });
}

/** Controls, halves of characters, breaks of lines, and what turns the direction of the text around it. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The last part of whatever path the client gave, on one line, at most 200 characters. */
export function displayName(filename: string | undefined): string {
  const last = (filename ?? '').split(/[/\\]/).at(-1) ?? '';
  const clean = [...last.replace(UNSEEN, '').trim()].slice(0, 200).join('');
  return clean === '' ? 'recording' : clean;
}

/** Throws `recording_empty` for a recording that came in `param` and has no bytes. */
export function checkNotEmpty({ bytes }: Pick<Written, 'bytes'>, param: string): void {
  if (bytes === 0) throw new FieldError(param, 'the recording is empty (0 bytes)', 'recording_empty');
}

/** Throws `too_large` when the request says that it is larger than any form with such a file. */
export function checkAnnounced({ headers }: FastifyRequest, maxBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > maxBytes + FIELDS * FIELD_BYTES) throw tooLarge(maxBytes);
}

export const tooLarge = (maxBytes: number): EarshotError =>
  new EarshotError('too_large', `the file is larger than ${Math.floor(maxBytes / 1e6)} MB`);
