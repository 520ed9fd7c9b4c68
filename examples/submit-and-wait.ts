// Hands a recording in, waits, and prints who said what.
//   npx node --conditions=earshot-source examples/submit-and-wait.ts talk.mp4
import process from 'node:process';
import { EarshotApiError, EarshotClient } from 'earshot/client';

const client = new EarshotClient({
  url: process.env['EARSHOT_SERVER'] ?? 'http://127.0.0.1:8001',
  apiKey: process.env['EARSHOT_API_KEY'] ?? null,
});

try {
  const { job_id: id } = await client.jobs.create(process.argv[2] ?? 'talk.mp4', { language: 'en' });
  const job = await client.jobs.wait(id);
  if (job.status !== 'completed')
    throw new Error(`${job.status}: ${job.error?.message ?? 'no reason given'}`);
  const { segments } = await client.jobs.result(id);
  for (const { speaker, text } of segments) process.stdout.write(`${speaker ?? '?'}: ${text}\n`);
  process.stdout.write(`\n${await client.jobs.result(id, 'srt')}`);
} catch (error) {
  if (!(error instanceof EarshotApiError)) throw error;
  process.stderr.write(
    `${error.code} (HTTP ${error.status}, request ${error.requestId}): ${error.message}\n`,
  );
  process.exitCode = 1;
}
