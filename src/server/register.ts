import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FieldError } from '../api/errors.ts';
import { requireScope, type Caller } from './auth/caller.ts';
import type { Route, ServerContext } from './context.ts';

/** Who sends a request; set before any route is asked. */
export const CALLERS = new WeakMap<FastifyRequest, Caller>();

/** Adds routes to the server: scope and query are checked as the route says before it answers. */
export function register(http: FastifyInstance, routes: readonly Route[], context: ServerContext): void {
  for (const route of routes)
    http.route({
      method: route.method,
      url: route.path,
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const caller = CALLERS.get(request) as Caller;
        if (route.scope !== null) requireScope(caller, route.scope);
        const query = readQuery(route, request.query);
        const params = request.params as Record<string, string>;
        return route.answer({ request, reply, caller, params, query }, context);
      },
    });
}

function readQuery(route: Route, given: unknown): Record<string, unknown> {
  if (route.query === undefined) return {};
  const parsed = route.query.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  throw new FieldError(name ?? 'query', `"${name}": ${issue?.message ?? 'is wrong'}`);
}
