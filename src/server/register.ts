import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FieldError, shown } from '../api/errors.ts';
import type { RouteSpec } from '../api/route.ts';
import { suggest } from '../util/suggest.ts';
import { requireScope, type Caller } from './auth/caller.ts';
import type { Route, ServerContext } from './context.ts';

/** Who sends a request; set before any route is asked. */
export const CALLERS = new WeakMap<FastifyRequest, Caller>();

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request was routed to; absent where there is no such route. */
    readonly spec?: RouteSpec;
  }
}

/**
 * Adds routes to the server: scope and query are checked as the route says before it answers. Those for GET are asked for
 * HEAD, too (that is fastify's doing), and then must do nothing that only somebody who gets the body may bring about.
 */
export function register(http: FastifyInstance, routes: readonly Route[], context: ServerContext): void {
  for (const route of routes)
    http.route({
      method: route.method,
      url: route.path,
      config: { spec: route },
      handler: async (request, reply) => {
        const params = request.params as Record<string, string>;
        if (params['id'] === '') return reply.callNotFound(); // the router takes /jobs/ for /jobs/:id
        const caller = CALLERS.get(request) as Caller;
        if (route.scope !== null) requireScope(caller, route.scope);
        const query = readQuery(route, request.query);
        return route.answer({ request, reply, caller, params, query }, context);
      },
    });
}

function readQuery(route: Route, given: unknown): Record<string, unknown> {
  if (route.query === undefined) return {};
  const parsed = route.query.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const name = issue.keys[0] as string;
    const meant = suggest(name, Object.keys(route.query.shape));
    const hint = meant === null ? '' : `; did you mean "${meant}"?`;
    throw new FieldError(shown(name), `unknown parameter "${shown(name)}"${hint}`);
  }
  const name = issue?.path.join('.') ?? 'query';
  throw new FieldError(name, `"${name}": ${issue?.message ?? 'is wrong'}`);
}
