import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { openApiDocument, type JsonValue } from '../api/openapi.ts';
import type { RouteSpec } from '../api/route.ts';
import { EarshotError } from '../errors.ts';
import type { Call, Route } from './context.ts';
import { PAGE, PAGE_ASSETS, PAGE_POLICY, PAGE_START } from './docs-page.ts';

/**
 * /openapi.json, and /docs to browse it. Both need no key: they say what the published documentation says, and a browser
 * cannot send a key with the address of a page. What is tried out from the page does need one.
 */
export function documentRoutes(routes: readonly RouteSpec[], version: string): Route[] {
  let document: JsonValue | null = null;
  const own: Route[] = [
    {
      method: 'GET',
      path: '/openapi.json',
      summary: 'This document',
      tag: 'Server',
      scope: null,
      responses: {
        200: {
          description: 'OpenAPI 3.1.',
          content: { 'application/json': z.looseObject({ openapi: z.string() }) },
        },
      },
      answer: () => Promise.resolve((document ??= openApiDocument([...routes, ...own], version))),
    },
    {
      method: 'GET',
      path: '/docs',
      summary: 'This document as a page',
      tag: 'Server',
      scope: null,
      responses: { 200: { description: 'The page.', content: { 'text/html': null } } },
      answer: (call) => Promise.resolve(send(call, 'text/html; charset=utf-8', PAGE)),
    },
    {
      method: 'GET',
      path: '/docs/:file',
      summary: 'Files of the page',
      tag: 'Server',
      scope: null,
      params: { file: z.string().describe('Name of the file.') },
      responses: {
        200: {
          description: 'The file.',
          content: { 'text/javascript': null, 'text/css': null, 'image/png': null },
        },
        302: { description: 'Without a name: the page.', headers: { location: 'Path of the page.' } },
      },
      errors: [404],
      async answer(call) {
        const name = call.params['file'] ?? '';
        if (name === '') return call.reply.redirect('../docs');
        if (name === 'start.js') return send(call, 'text/javascript; charset=utf-8', PAGE_START);
        const type = Object.hasOwn(PAGE_ASSETS, name) ? PAGE_ASSETS[name] : undefined;
        if (type === undefined) throw new EarshotError('not_found', 'the page has no such file');
        return send(call, type, await readFile(new URL(name, assets())));
      },
    },
  ];
  return own;
}

const assets = (): URL => new URL('./static/', import.meta.resolve('@fastify/swagger-ui'));

function send({ reply }: Call, type: string, body: string | Buffer): unknown {
  reply.header('content-security-policy', PAGE_POLICY).header('referrer-policy', 'no-referrer');
  return reply.header('content-type', type).header('cache-control', 'max-age=3600').send(body);
}
