// Shows what happens to a job while it happens. A connection that breaks is made again; no event comes twice.
//   npx node --conditions=earshot-source examples/events.ts talk.mp4
import process from 'node:process';
import { EarshotClient } from 'earshot/client';

const client = new EarshotClient({
  url: process.env['EARSHOT_SERVER'] ?? 'http://127.0.0.1:8001',
  apiKey: process.env['EARSHOT_API_KEY'] ?? null,
});

const { job_id: id } = await client.jobs.create(process.argv[2] ?? 'talk.mp4');
for await (const event of client.jobs.events(id)) {
  if (event.type === 'status') process.stdout.write(`it is ${event.status}\n`);
  else
    process.stdout.write(`${event.stage}: ${event.done} of ${event.total}, ${Math.round(event.percent)} %\n`);
}
