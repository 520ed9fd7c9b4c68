import type { FastifyInstance } from 'fastify';
import { FieldError } from '../api/errors.ts';
import { MODEL_ALIASES } from '../api/openai.ts';

/** GET /v1/models and /v1/models/{id}, in OpenAI's shape: the models at hand and the ids that stand for them. */
export function modelRoutes(http: FastifyInstance, models: () => readonly string[]): void {
  const ids = (): string[] => [...new Set([...models(), ...MODEL_ALIASES])];
  http.get('/v1/models', async () => ({ object: 'list', data: ids().map(modelOf) }));
  http.get<{ Params: { '*': string } }>('/v1/models/*', async ({ params }) => {
    const id = params['*'];
    if (ids().includes(id)) return modelOf(id);
    throw new FieldError('model', `there is no model "${id}" here; GET /v1/models lists them`, 'not_found');
  });
}

/** `created` is a required number; nobody knows when a model was made, and 0 says so. */
const modelOf = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'earshot' });
