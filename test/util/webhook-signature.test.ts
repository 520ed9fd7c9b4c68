import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { EarshotError } from '../../src/errors.ts';
import { createWebhookSecret, signWebhook, verifyWebhook } from '../../src/util/webhook-signature.ts';

const seconds = Math.floor(Date.now() / 1000);
const now = seconds * 1000;
const secret = createWebhookSecret();
const body = '{"type":"job.completed","text":"Grüße — 你好 \u2028"}';
const headers = signWebhook({ id: 'msg_1', timestampSeconds: seconds, body, secret });

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof EarshotError, String(error));
    return error.code;
  }
  return 'accepted';
}

test("the example of the specification's libraries has the signature that they print", () => {
  assert.deepEqual(
    signWebhook({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1614265330,
      body: '{"test": 2432232314}',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    })['webhook-signature'],
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test('independent libraries verify what we sign', async () => {
  assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body));
  const client = new OpenAI({ apiKey: 'none', webhookSecret: secret });
  assert.deepEqual(await client.webhooks.unwrap(body, headers), JSON.parse(body));
  await assert.rejects(client.webhooks.unwrap(`${body} `, headers));
});

test('we verify what an independent library signs, any body and secret', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.stringMatching(/^[\w-]{1,40}$/),
      (text, key, id) => {
        const shared = `whsec_${Buffer.from(key).toString('base64')}`;
        const signature = new Webhook(shared).sign(id, new Date(now), text);
        const theirs = {
          'Webhook-Id': id,
          'Webhook-Timestamp': String(seconds),
          'Webhook-Signature': signature,
        };
        verifyWebhook(text, theirs, shared, { now });
        verifyWebhook(Buffer.from(text), new Headers(theirs), shared, { now });
        const ours = signWebhook({ id, timestampSeconds: seconds, body: text, secret: shared });
        assert.equal(ours['webhook-signature'], signature);
      },
    ),
    { seed: 3, numRuns: 100 },
  );
});

test('says which webhook it was', () => {
  assert.deepEqual(verifyWebhook(body, headers, secret, { now }), {
    id: 'msg_1',
    timestampSeconds: seconds,
  });
});

test('while a secret is replaced both the old and the new verify', () => {
  const next = createWebhookSecret();
  const both = signWebhook({ id: 'msg_1', timestampSeconds: seconds, body, secret: [secret, next] });
  for (const each of [secret, next, [createWebhookSecret(), next]]) verifyWebhook(body, both, each, { now });
  new Webhook(next).verify(body, both);
  assert.equal(
    refusal(() => verifyWebhook(body, both, createWebhookSecret(), { now })),
    'webhook_unverified',
  );
});

test('anything changed is refused', () => {
  const signature = headers['webhook-signature'];
  const changes: Record<string, Record<string, string | string[] | undefined>> = {
    'another id': { 'webhook-id': 'msg_2' },
    'an id with a dot': { 'webhook-id': `msg_1.${seconds}` },
    'another time': { 'webhook-timestamp': String(seconds + 1) },
    'a time with a plus': { 'webhook-timestamp': `+${seconds}` },
    'a time with a fraction': { 'webhook-timestamp': `${seconds}.0` },
    'a time with a tail': { 'webhook-timestamp': `${seconds}x` },
    'a time of its own digits': { 'webhook-timestamp': '١٦١٤٢٦٥٣٣٠' },
    'no version': { 'webhook-signature': signature.slice(3) },
    'another version': { 'webhook-signature': signature.replace('v1', 'v1a') },
    'base64 without its end': { 'webhook-signature': signature.replace(/=+$/, '') },
    'a cut signature': { 'webhook-signature': signature.slice(0, 10) },
    'an empty signature': { 'webhook-signature': 'v1,' },
    'a longer signature': { 'webhook-signature': `${signature}A` },
    unicode: { 'webhook-signature': `v1,${'é'.repeat(22)}` },
    'two ids': { 'webhook-id': ['msg_1', 'msg_1'] },
    'two spellings of a header': { 'Webhook-Id': 'msg_1' },
    'no id': { 'webhook-id': undefined },
    'no signature': { 'webhook-signature': '' },
  };
  for (const [what, change] of Object.entries(changes))
    assert.equal(
      refusal(() => verifyWebhook(body, { ...headers, ...change }, secret, { now })),
      'webhook_unverified',
      what,
    );
  assert.equal(
    refusal(() => verifyWebhook(`${body}\n`, headers, secret, { now })),
    'webhook_unverified',
  );
  assert.equal(
    refusal(() => verifyWebhook(body, JSON.parse('{"__proto__": {}}') as Record<string, string>, secret)),
    'webhook_unverified',
  );
  verifyWebhook(body, { ...headers, 'webhook-signature': `v1a,xx v2,yy ${signature}` }, secret, { now });
});

test('old and early webhooks are refused at the edge of the tolerance', () => {
  const at = (offset: number, toleranceSeconds?: number): string =>
    refusal(() =>
      verifyWebhook(body, headers, secret, {
        now: now + offset * 1000,
        ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
      }),
    );
  assert.deepEqual(
    [at(300), at(301), at(-300), at(-301)],
    ['accepted', 'webhook_unverified', 'accepted', 'webhook_unverified'],
  );
  assert.deepEqual(
    [at(5, 5), at(6, 5), at(0, NaN)],
    ['accepted', 'webhook_unverified', 'webhook_unverified'],
  );
});

test('what is no secret, id or time is told to whoever gave it', () => {
  const good = { id: 'msg_1', timestampSeconds: seconds, body, secret };
  for (const wrong of [
    '',
    'whsec_',
    'secret',
    'whsec_ä',
    'whsec_a',
    'whsec_abc=d',
    `${secret}\n`,
    secret.slice(6),
  ]) {
    assert.equal(
      refusal(() => signWebhook({ ...good, secret: wrong })),
      'usage',
      wrong,
    );
    assert.equal(
      refusal(() => verifyWebhook(body, headers, wrong, { now })),
      'usage',
      wrong,
    );
  }
  for (const change of [
    { id: '' },
    { id: 'a.b' },
    { id: 'a\r\nx: y' },
    { timestampSeconds: 1.5 },
    { timestampSeconds: NaN },
  ])
    assert.equal(
      refusal(() => signWebhook({ ...good, ...change })),
      'usage',
    );
  assert.equal(
    refusal(() => signWebhook({ ...good, secret: [] })),
    'usage',
  );
});
