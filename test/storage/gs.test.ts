import { after, before } from 'node:test';
import { bucketContract } from './bucket-contract.ts';
import { storageContract } from './contract.ts';
import { serveGoogleStorage } from './gs-server.ts';

let server: Awaited<ReturnType<typeof serveGoogleStorage>>;
before(async () => {
  server = await serveGoogleStorage(7);
  process.env['STORAGE_EMULATOR_HOST'] = server.url;
});
after(() => server.close());

let count = 0;
const address = (): string => `gs://bucket/some/prefix-${++count}`;

storageContract(address);
bucketContract('gs', () => server, address);
