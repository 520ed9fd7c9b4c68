import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A recogniser of limited speed behind OpenAI's transcription endpoint: one request at a time, each as long as its audio
 * divided by `speed`. It stands for a GPU elsewhere: it takes time but none of this machine's cores.
 */
export async function throttledWorker(speed: number): Promise<{ url: string; close: () => void }> {
  let line: Promise<unknown> = Promise.resolve();
  const server: Server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (part: Buffer) => (bytes += part.length));
    request.on('end', () => {
      if (request.method === 'GET') return void response.end('{}');
      const seconds = bytes / 32_000;
      line = line.then(() => sleep((seconds / speed) * 1000));
      void line.then(() => {
        const words = [{ word: 'word', start: 0, end: 0.3 }];
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ task: 'transcribe', language: 'english', duration: seconds, text: 'word', words }),
        );
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
