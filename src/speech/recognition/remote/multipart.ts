import { randomUUID } from 'node:crypto';

/** A multipart/form-data body (RFC 7578) and its content type. */
export interface Multipart {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

/**
 * Text fields, then one WAV file named `file`, in one array. Not FormData: Node's fetch streams that, and when the
 * connection fails before the stream is read, undici (7.29, Node 24.21) throws outside of every promise and so ends the
 * process.
 */
export function multipart(fields: readonly (readonly [string, string])[], wav: Uint8Array): Multipart {
  const boundary = `earshot-${randomUUID()}`;
  const text = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="chunk.wav"\r\nContent-Type: audio/wav\r\n\r\n`;
  const parts = [Buffer.from(text.join('') + head), wav, Buffer.from(`\r\n--${boundary}--\r\n`)];
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return { body, contentType: `multipart/form-data; boundary=${boundary}` };
}
