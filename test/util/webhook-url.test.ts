import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarshotError } from '../../src/errors.ts';
import { pinnedLookup } from '../../src/util/pinned-lookup.ts';
import { checkWebhookUrl } from '../../src/util/webhook-url.ts';

const closed = { allowPrivate: false };
const open = { allowPrivate: true };

test('a public address is taken, and written in one way', async () => {
  assert.equal(
    await checkWebhookUrl('HTTPS://8.8.8.8:443/a/../hook?x=1#y', closed),
    'https://8.8.8.8/hook?x=1',
  );
  assert.equal(await checkWebhookUrl('http://[2606:4700::1111]/', closed), 'http://[2606:4700::1111]/');
  assert.equal(await checkWebhookUrl('http://8.8.8.8/\r\nx: y', closed), 'http://8.8.8.8/x:%20y');
});

test('this machine and private networks only where that is allowed', async () => {
  const urls =
    'http://127.0.0.1 http://0x7f.1 http://017700000001 http://[::1]:1 http://10.1.2.3 http://localhost'.concat(
      ' http://169.254.169.254/latest http://LOCALHOST. http://[::ffff:a00:1] https://192.168.1.1:8443/x',
    );
  for (const url of urls.split(' ')) {
    await assert.rejects(checkWebhookUrl(url, closed), { code: 'address_refused' }, url);
    assert.equal(await checkWebhookUrl(url, open), new URL(url).href);
  }
});

test('what is no web address, or holds a password, never', async () => {
  const long = `http://8.8.8.8/${'x'.repeat(2048)}`;
  for (const url of [
    '',
    'hook',
    '//8.8.8.8',
    'file:///etc/passwd',
    'javascript:1',
    'http://',
    'http://u:p@8.8.8.8',
    'http://u@8.8.8.8',
    'http://256.1.1.1',
    long,
  ])
    await assert.rejects(checkWebhookUrl(url, open), (error) => {
      assert.ok(error instanceof EarshotError && error.code === 'address_refused', url);
      return !error.message.includes('u:p');
    });
});

test("an abort ends the look-up, and its failure is nobody else's", async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(checkWebhookUrl('http://recordings.invalid', { ...closed, signal }), {
    name: 'AbortError',
  });
});

test('a name that leads elsewhere at the moment of connecting is refused there', async () => {
  const seen = (allowPrivate: boolean) =>
    new Promise((resolve) => {
      pinnedLookup(new URL('http://harmless.example'), allowPrivate)('localhost', {}, (error, address) =>
        resolve(error instanceof EarshotError ? error.code : address),
      );
    });
  assert.equal(await seen(false), 'address_refused');
  assert.match(String(await seen(true)), /^(127\.|::1)/);
});
