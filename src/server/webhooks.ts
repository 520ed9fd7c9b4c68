import { z } from 'zod';
import { EarshotError } from '../errors.ts';
import { deliveriesOf, type DeliveryState } from '../jobs/delivery-state.ts';
import { jobOf, type Route, type ServerContext } from './context.ts';

const deliveriesSchema = z.object({
  deliveries: z.array(
    z.object({
      id: z
        .uuid()
        .describe('webhook-id of each of its tries; a redelivery has that of the delivery which it repeats.'),
      state: z.enum(['pending', 'delivered', 'gave_up']),
      tries: z.int().describe('Tries that have ended.'),
      status: z.int().nullable().describe('What the receiver answered last; null without an answer.'),
      reason: z.string().nullable(),
      created_at: z.iso.datetime(),
      ended_at: z.iso.datetime().nullable(),
    }),
  ),
});
const json = (description: string) => ({ description, content: { 'application/json': deliveriesSchema } });

/** A job's webhook: how its delivery went, and the way to have it once more. */
export const WEBHOOK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/:id/webhook',
    summary: "How the delivery of a job's webhook went",
    tag: 'Jobs',
    scope: 'read',
    responses: { 200: json('Deliveries, oldest first; none before the job has ended.') },
    errors: [404],
    answer: async (call, context) => told((await jobOf(call, context)).id, context),
  },
  {
    method: 'POST',
    path: '/jobs/:id/webhook/redeliver',
    summary: "Send an ended job's webhook again",
    tag: 'Jobs',
    scope: 'submit',
    responses: { 202: json('Ordered: the last delivery is the new one.') },
    errors: [404, 409],
    async answer(call, context) {
      const { id } = await jobOf(call, context);
      if (!(await context.jobs.redeliver(id)))
        throw new EarshotError('job_state', 'the job has no webhook, or has not ended');
      call.reply.code(202);
      return told(id, context);
    },
  },
];

async function told(id: string, { jobs }: ServerContext): Promise<z.infer<typeof deliveriesSchema>> {
  return { deliveries: (await deliveriesOf(jobs.db, id)).map(answer) };
}

function answer(delivery: DeliveryState): z.infer<typeof deliveriesSchema>['deliveries'][number] {
  const { id, state, tries, status, reason, createdAt, endedAt } = delivery;
  return {
    ...{ id, state, tries, status, reason },
    created_at: createdAt.toISOString(),
    ended_at: endedAt?.toISOString() ?? null,
  };
}
