import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { openApiDocument, type JsonValue } from '../api/openapi.ts';
import type { RouteSpec } from '../api/route.ts';
import { EarshotError } from '../errors.ts';
import type { Call, Route } from './context.ts';

/** Swagger UI's own files, as its package for fastify brings them along. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Nothing of another origin, nothing inline: a page that takes keys loads only what this server sends. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
  ...["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** Addresses are relative: the server may stand under a path of a proxy. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Earshot API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="page"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;
const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#page',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
});
`;

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
      },
      errors: [404],
      async answer(call) {
        const name = call.params['file'] ?? '';
        if (name === 'start.js') return send(call, 'text/javascript; charset=utf-8', START);
        const type = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
        if (type === undefined) throw new EarshotError('not_found', 'the page has no such file');
        return send(call, type, await readFile(new URL(name, assets())));
      },
    },
  ];
  return own;
}

const assets = (): URL => new URL('./static/', import.meta.resolve('@fastify/swagger-ui'));

function send({ reply }: Call, type: string, body: string | Buffer): unknown {
  reply.header('content-security-policy', POLICY).header('referrer-policy', 'no-referrer');
  return reply.header('content-type', type).header('cache-control', 'max-age=3600').send(body);
}
