import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openStorage } from '../../src/storage/index.ts';
import { bucketContract } from './bucket-contract.ts';
import { storageContract } from './contract.ts';
import { serveS3 } from './s3-server.ts';

let server: Awaited<ReturnType<typeof serveS3>>;
before(async () => {
  server = await serveS3(7);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
});
after(() => server.close());

let count = 0;
const address = (): string => `s3://bucket/some/prefix-${++count}`;

storageContract(address);
bucketContract('s3', () => server, address);

test('wrong credentials are storage_unavailable when it is opened', async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'wrong';
  try {
    await assert.rejects(openStorage(address()), {
      code: 'storage_unavailable',
      message: /InvalidAccessKeyId \(403\)/,
    });
  } finally {
    process.env['AWS_ACCESS_KEY_ID'] = 'test';
  }
});
