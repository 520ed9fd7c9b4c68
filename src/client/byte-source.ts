import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EarshotError } from '../errors.ts';

/** A recording to be sent: the path of a file, a Blob or File, or a stream of bytes. */
export type Recording = string | URL | Blob | AsyncIterable<Uint8Array>;

/** Bytes that can be read again from where the server has got to. */
export interface ByteSource {
  /** File name; null: the recording has none. */
  readonly name: string | null;
  /** null: not known before the end. */
  readonly size: number | null;
  /** Up to `length` bytes from `offset` on; `isLast` when nothing comes after them. A stream cannot go back beyond its last piece. */
  read(offset: number, length: number): Promise<Piece>;
  /** Rejects with `recording_unreadable` when the bytes were changed meanwhile. */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

export interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isLast: boolean;
}

/** Opens a recording. Rejects with `recording_not_found` for a path that names no file. */
export async function openSource(recording: Recording): Promise<ByteSource> {
  if (typeof recording === 'string') return fileSource(recording);
  if (recording instanceof URL) return fileSource(fileURLToPath(recording));
  if (recording instanceof Blob) return blobSource(recording);
  return streamSource(recording);
}

async function fileSource(path: string): Promise<ByteSource> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw notReadable(path, (cause as NodeJS.ErrnoException).code ?? 'unknown error', cause);
  });
  const before = await file.stat({ bigint: true });
  if (!before.isFile()) {
    await file.close();
    throw notReadable(path, 'it is no file');
  }
  const size = Number(before.size);
  return {
    name: basename(path),
    size,
    read: async (offset, length) => {
      const bytes = await readAt(file, offset, Math.min(length, size - offset));
      return { bytes, isLast: offset + bytes.length >= size };
    },
    assertUnchanged: async () => {
      const { size: bytes, mtimeNs } = await file.stat({ bigint: true });
      if (bytes === before.size && mtimeNs === before.mtimeNs) return;
      throw new EarshotError('recording_unreadable', `${path} was changed while it was sent`);
    },
    close: () => file.close(),
  };
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.max(0, length));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, offset + filled);
    if (bytesRead === 0) break; // it was cut meanwhile, which assertUnchanged tells
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function blobSource(blob: Blob): ByteSource {
  return {
    name: 'name' in blob && typeof blob.name === 'string' && blob.name !== '' ? blob.name : null,
    size: blob.size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      return { bytes, isLast: offset + bytes.length >= blob.size };
    },
    assertUnchanged: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** Holds the piece that is being sent and what came with its end, nothing more. */
function streamSource(stream: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = stream[Symbol.asyncIterator]();
  let held: Uint8Array[] = [];
  let begin = 0;
  let isEnded = false;
  const heldBytes = (): number => held.reduce((sum, { length }) => sum + length, 0);

  async function fill(until: number): Promise<void> {
    while (!isEnded && begin + heldBytes() <= until) {
      const next = await iterator.next();
      if (next.done === true) isEnded = true;
      else held.push(next.value);
    }
  }

  /** Lets go of what lies before `offset`, without holding all of it. */
  async function skipTo(offset: number): Promise<void> {
    for (;;) {
      const all = Buffer.concat(held);
      const dropped = Math.min(all.length, offset - begin);
      held = [all.subarray(dropped)];
      begin += dropped;
      if (begin === offset || isEnded) return;
      await fill(begin);
    }
  }

  return {
    name: null,
    size: null,
    read: async (offset, length) => {
      if (offset < begin)
        throw new EarshotError('recording_unreadable', 'a stream cannot be read again; send a file instead');
      await skipTo(offset);
      await fill(offset + length); // one more than asked for tells whether this is the end
      const all = new Uint8Array(Buffer.concat(held));
      held = [all];
      return { bytes: all.subarray(0, length), isLast: isEnded && all.length <= length };
    },
    assertUnchanged: () => Promise.resolve(),
    close: async () => {
      await iterator.return?.();
    },
  };
}

const notReadable = (path: string, why: string, cause?: unknown): EarshotError =>
  new EarshotError('recording_not_found', `${path} cannot be read: ${why}`, { cause });
