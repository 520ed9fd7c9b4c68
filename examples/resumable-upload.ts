// Sends a large file piece by piece. Stop it and start it again: it goes on where it was.
//   npx node --conditions=earshot-source examples/resumable-upload.ts talk.mp4
import { readFile, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { EarshotClient } from 'earshot/client';

const client = new EarshotClient({
  url: process.env['EARSHOT_SERVER'] ?? 'http://127.0.0.1:8001',
  apiKey: process.env['EARSHOT_API_KEY'] ?? null,
});

const path = process.argv[2] ?? 'talk.mp4';
const note = `${path}.upload`; // where the upload is, for the next start
const begun = await readFile(note, 'utf8').catch(() => null);
const upload = await client.uploads.create(path, {
  ...(begun === null ? {} : { url: begun }),
  onBegin: (url) => writeFile(note, url),
  onProgress: (sent, total) => void process.stdout.write(`${sent} of ${total} bytes\n`),
});
const { job_id: id } = await client.jobs.createFromUpload(upload.id);
await rm(note, { force: true });
const { status } = await client.jobs.wait(id);
process.stdout.write(`job ${id} is ${status}\n`);
