/** One event of a stream, as the sender wrote it. */
export interface ServerEvent {
  /** "message" where the sender names none. */
  readonly type: string;
  readonly data: string;
  /** The last id that the stream has set; '' before the first. */
  readonly id: string;
  /** Milliseconds to wait before coming back, where the stream has said so. */
  readonly retryMs: number | null;
}

/** No line of ours comes near; a sender that never ends one would fill the memory. */
const LONGEST_LINE = 1 << 20;

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): lines end with CR, LF or
 * both, wherever the chunks are cut. An event whose end does not come is dropped. Yields null for whatever else arrives:
 * the connection is alive.
 */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerEvent | null, void, void> {
  const fields = new EventFields();
  for await (const lines of linesOf(chunks)) {
    let isEvent = false;
    for (const line of lines) {
      const event = fields.take(line);
      if (event === null) continue;
      isEvent = true;
      yield event;
    }
    if (!isEvent) yield null;
  }
}

/** What the lines of one event add up to. */
class EventFields {
  #type = '';
  #data: string[] = [];
  #id = '';
  #retryMs: number | null = null;

  /** The event that ends with this line, or null. */
  take(line: string): ServerEvent | null {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#type = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.#retryMs = Number(value);
    return null;
  }

  #end(): ServerEvent | null {
    const [type, data] = [this.#type || 'message', this.#data];
    this.#type = '';
    this.#data = [];
    if (data.length === 0) return null;
    return { type, data: data.join('\n'), id: this.#id, retryMs: this.#retryMs };
  }
}

/** The whole lines of each chunk. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void, void> {
  const decoder = new TextDecoder(); // drops a byte order mark
  let rest = '';
  let endsWithCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (endsWithCr && text.startsWith('\n')) text = text.slice(1);
    if (text !== '') endsWithCr = text.endsWith('\r');
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new Error('a line of the event stream does not end');
    yield lines;
  }
}
