/** Swagger UI's own files, as its package for fastify brings them along. */
export const PAGE_ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** Nothing of another origin, nothing inline: a page that takes keys loads only what this server sends. */
export const PAGE_POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
  ...["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** Addresses are relative: the server may stand under a path of a proxy. */
export const PAGE = `<!doctype html>
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
/**
 * A form begins empty: what Swagger UI makes up for every field would be sent along with the file. Plugins of it wrap its
 * components (https://github.com/swagger-api/swagger-ui/blob/master/docs/customization/plug-points.md).
 */
export const PAGE_START = `const emptyForms = ({ React }) => ({
  wrapComponents: {
    ParameterIncludeEmpty: () => () => null,
    RequestBody: (Original) => (props) => {
      const { getSampleSchema } = props.fn;
      const sample = (schema, type, ...more) => {
        if (type !== false || schema.has('default')) return getSampleSchema(schema, type, ...more);
        return schema.get('type') === 'array' ? [] : '';
      };
      return React.createElement(Original, { ...props, fn: { ...props.fn, getSampleSchema: sample } });
    },
  },
});
SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#page',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [emptyForms],
  layout: 'BaseLayout',
});
`;
