// Receives the webhook of a job that has ended, and believes only what the server signed.
//   EARSHOT_WEBHOOK_SECRET=whsec_… PORT=9000 npx node --conditions=earshot-source examples/webhook-receiver.ts
// Hand jobs in with webhook_url=https://this.machine.example:9000/ .
import { createServer } from 'node:http';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';
import { verifyWebhook } from 'earshot/client';

const secret = process.env['EARSHOT_WEBHOOK_SECRET'] ?? '';
const seen = new Set<string>();

const server = createServer((request, response) => {
  void buffer(request).then((body) => {
    try {
      const { id } = verifyWebhook(body, request.headers, secret); // the bytes as they came
      if (!seen.has(id)) process.stdout.write(`${body.toString()}\n`); // the same id again is a repetition
      seen.add(id);
      response.writeHead(204).end();
    } catch {
      response.writeHead(401).end();
    }
  });
});
server.listen(Number(process.env['PORT'] ?? 9000), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening on port ${typeof address === 'object' ? address?.port : address}\n`);
});
