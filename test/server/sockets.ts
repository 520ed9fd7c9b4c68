import net from 'node:net';

/** A connection on which a test says exactly what it wants. */
export function connected(url: string): net.Socket {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.on('error', () => undefined); // a server that ends a connection may do so with a reset
  return socket;
}

/** All that comes until the server ends the connection. */
export async function rest(socket: net.Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  if (!socket.closed) {
    socket.once('end', () => socket.end());
    await new Promise((resolve) => socket.once('close', resolve)); // events.once would reject at a reset
  }
  return Buffer.concat(parts).toString();
}

/** Sends this and tells all that is answered. */
export async function said(url: string, text: string | Buffer): Promise<string> {
  const socket = connected(url);
  socket.write(text);
  return rest(socket);
}

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

/** Head of a form with a file, boundary XX. */
export const FORM_HEAD = 'Content-Type: multipart/form-data; boundary=XX\r\n';
export const FILE_HEAD =
  '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n';
