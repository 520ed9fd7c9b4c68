import { finished, PassThrough, type Readable } from 'node:stream';

/**
 * The bytes of `body`, whose failures, a connection that breaks off among them, come as the errors that `translate`
 * makes of them. Destroying the result destroys the body.
 */
export function guarded(body: Readable, translate: (error: unknown) => Error): Readable {
  const out = new PassThrough();
  finished(body, { writable: false }, (error) => {
    if (error) out.destroy(translate(error));
  });
  out.once('close', () => body.destroy());
  return body.pipe(out);
}
