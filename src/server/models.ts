import { z } from 'zod';
import { FieldError } from '../api/errors.ts';
import { MODEL_ALIASES } from '../api/openai.ts';
import type { Route, ServerContext } from './context.ts';

const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
});
const json = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': schema },
});

/** GET /v1/models and /v1/models/{id}, in OpenAI's shape: the models at hand and the ids that stand for them. */
export const MODEL_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/models',
    summary: 'Models of this server',
    tag: 'OpenAI',
    scope: 'read',
    responses: {
      200: json(z.object({ object: z.literal('list'), data: z.array(modelSchema) }), 'All of them.'),
    },
    answer: (_call, context) => Promise.resolve({ object: 'list', data: idsOf(context).map(modelOf) }),
  },
  {
    method: 'GET',
    path: '/v1/models/*',
    summary: 'One model of this server',
    tag: 'OpenAI',
    scope: 'read',
    params: { '*': z.string().describe('Id of a model; it may hold slashes.') },
    responses: { 200: json(modelSchema, 'The model.') },
    errors: [404],
    answer({ params }, context) {
      const id = params['*'] ?? '';
      if (idsOf(context).includes(id)) return Promise.resolve(modelOf(id));
      throw new FieldError('model', `there is no model "${id}" here`, 'not_found');
    },
  },
];

const idsOf = ({ models }: ServerContext): string[] => [...new Set([...models(), ...MODEL_ALIASES])];

const modelOf = (id: string): z.infer<typeof modelSchema> => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'earshot',
});
