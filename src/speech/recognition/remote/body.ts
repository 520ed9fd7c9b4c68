/** Bytes of an answer: the words of two minutes are a hundredth of it. */
const MOST_BYTES = 16 * 1024 * 1024;

/** The whole body as text. Rejects when it is larger than any answer can be, before memory runs out. */
export async function bodyText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body as ReadableStream<Uint8Array>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Error(`more than ${MOST_BYTES / 1024 / 1024} MiB`); // leaving the loop closes the connection
    parts.push(part);
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}
