import type { FastifyInstance, FastifyRequest } from 'fastify';
import { shown } from '../api/errors.ts';
import { EarshotError } from '../errors.ts';

/** Which methods each path has; says so where one is asked for with another. */
export class Methods {
  readonly #paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** Learns every route that is added to `http` from now on, those of plugins too. */
  constructor(http: FastifyInstance) {
    http.addHook('onRoute', ({ url, method }) => {
      const path = this.#paths.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const each of [method].flat()) path.methods.add(each);
      this.#paths.set(url, path);
    });
  }

  /** Of a concrete path, in alphabetical order; none: there is no such path. */
  of(path: string): string[] {
    const found = [...this.#paths.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  }
}

/** The error for a request that no route takes, and the methods for its Allow header. */
export function noRoute(
  { method, url }: Pick<FastifyRequest, 'method' | 'url'>,
  methods: Methods,
): { error: EarshotError; allow: string[] } {
  const target = url.split('?')[0] as string;
  const allow = methods.of(pathOf(target));
  const told = shown(target, 200);
  const error =
    allow.length === 0
      ? new EarshotError('not_found', `there is no ${method} ${told} here`)
      : new EarshotError('method_not_allowed', `${told} takes ${allow.join(', ')}, not ${method}`);
  return { error, allow };
}

/** As the router reads a target: without the origin that some clients put before it, and decoded. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/]*/i, '');
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[^\w-]/g, '\\$&')))
      .join('/')}$`,
  );
