import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfig, lintDocument, BaseResolver, Source } from '@redocly/openapi-core';
import { openApiDocument } from '../../src/api/openapi.ts';
import { Documented, type Schema } from './fuzz/documented.ts';
import { running } from './fixture.ts';

const KEY = 'correct-horse-battery';

/** What the recommended rules of an independent linter say, errors and warnings. */
async function lint(document: unknown): Promise<string[]> {
  const source = new Source('/openapi.json', JSON.stringify(document));
  const problems = await lintDocument({
    document: { source, parsed: document },
    externalRefResolver: new BaseResolver(),
    config: await createConfig({ extends: ['recommended'] }),
  });
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
}

test('the API describes itself', async (t) => {
  const { url } = await running(t, { auth: { apiKey: KEY } });
  const answer = await fetch(`${url}/openapi.json`);
  const text = await answer.text();
  const document = JSON.parse(text) as Schema;

  await t.test('to everybody, while the jobs need a key', async () => {
    assert.equal(answer.status, 200);
    assert.equal((await fetch(`${url}/docs`)).status, 200);
    assert.equal((await fetch(`${url}/jobs`)).status, 401);
  });

  await t.test('in valid OpenAPI 3.1', async () => {
    assert.equal(document['openapi'], '3.1.0');
    assert.deepEqual(await lint(document), []);
    assert.notDeepEqual(await lint(JSON.parse(text.replaceAll('"operationId"', '"x-id"'))), []);
  });

  await t.test('with every route, each of which answers', async () => {
    const { operations } = new Documented(document);
    const routes = operations.map(({ method, path }) => `${method} ${path}`);
    for (const route of ['POST /jobs', 'GET /jobs/{id}/result', 'GET /health', 'GET /openapi.json'])
      assert.ok(routes.includes(route), route);
    for (const { method, path } of operations) {
      const { status } = await fetch(url + path.replace(/\{\w+\}/, '0'), {
        method,
        headers: { 'x-api-key': KEY },
      });
      assert.notEqual(status, 405, `${method} ${path}`);
      assert.ok(status < 500, `${method} ${path}: ${status}`);
    }
  });

  await t.test('to its own checker, which takes neither another status nor another body', () => {
    const documented = new Documented(document);
    const operation = { method: 'GET', path: '/jobs' };
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    documented.check(operation, { status: 200, headers, body: '{"jobs":[],"next":null}' });
    for (const wrong of [
      { status: 418, headers, body: '{}' },
      { status: 200, headers, body: '{"jobs":[{}],"next":null}' },
      { status: 200, headers: { 'content-type': 'text/plain' }, body: '{"jobs":[],"next":null}' },
      { status: 401, headers, body: '{"detail":"no"}' },
    ])
      assert.throws(() => documented.check(operation, wrong), JSON.stringify(wrong));
  });

  await t.test('on a page that loads nothing from elsewhere', async () => {
    const page = await fetch(`${url}/docs`);
    const html = await page.text();
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.doesNotMatch(html, /https?:|<script>|<style>| style=| on\w+=/);
    const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    assert.equal(parts.length, 4);
    for (const part of parts) {
      const file = await fetch(new URL(part, `${url}/docs`));
      assert.equal(file.status, 200, part);
      assert.match(file.headers.get('content-type') ?? '', /^(text\/(css|javascript)|image\/png)/);
      assert.ok((await file.arrayBuffer()).byteLength > 100);
    }
    for (const path of ['/docs/../package.json', '/docs/..%2fpackage.json', '/docs/constructor'])
      assert.ok([401, 404].includes((await fetch(url + path)).status), path);
    assert.equal((await fetch(`${url}/docs/`)).url, `${url}/docs`);
  });
});

test('components are shared, and two parameters of one name and different kinds are told apart', () => {
  const route = { summary: 's', tag: 'Server', scope: null, responses: {} } as const;
  const named = (description: string) => ({ 'X-Thing': { description } });
  const document = openApiDocument(
    [
      { ...route, method: 'GET', path: '/a', headers: named('one') },
      { ...route, method: 'GET', path: '/b', headers: named('two') },
      { ...route, method: 'GET', path: '/c/:job/*', headers: named('one') },
    ],
    '1',
  ) as { components: { parameters: object }; paths: object };
  assert.deepEqual(Object.keys(document.components.parameters), [
    'Header-X-Thing',
    'Header-X-Thing-2',
    'Path-job',
    'Path-id',
  ]);
  assert.deepEqual(Object.keys(document.paths), ['/a', '/b', '/c/{job}/{id}']);
});
