import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { endOf, type Happening } from '../jobs/happenings.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { QueueState } from '../jobs/queue-state.ts';
import type { Clock } from '../util/clock.ts';
import type { Activity, Route } from './context.ts';
import { queueState } from './queue-state.ts';

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const STAGE_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** A request that has been answered, in words of a bounded number. */
export interface AnsweredRequest {
  readonly method: string;
  /** Its template, or "none". */
  readonly route: string;
  /** 2xx to 5xx, or "aborted". */
  readonly status: string;
  readonly seconds: number;
}

/**
 * What Prometheus asks for. Counters and histograms count what this process does and begin at 0 with it; gauges of jobs and
 * stages are of the database, the same from every process. Everything belongs to one server: two in a process do not mix.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #requestSeconds: Histogram<'method' | 'route'>;
  readonly #received: Counter;
  readonly #accepted: Counter<'kind'>;
  readonly #ended: Counter<'kind' | 'status'>;
  readonly #retried: Counter<'kind'>;
  readonly #audioSeconds: Counter;
  readonly #stages: Counter<'stage' | 'outcome'>;
  readonly #stageSeconds: Histogram<'stage'>;
  readonly #deliveries: Counter<'outcome'>;

  constructor({ jobs, activity, clock }: { jobs: Jobs; activity: Activity; clock: Clock }) {
    const registers = [this.#registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[] = []): Counter<L> =>
      new Counter({ name: `earshot_${name}`, help, labelNames, registers });
    this.#requests = counter('http_requests_total', 'Requests answered.', ['method', 'route', 'status']);
    this.#requestSeconds = new Histogram({
      ...{
        name: 'earshot_http_request_duration_seconds',
        help: 'From the first byte of a request to the last of its answer.',
      },
      ...{ labelNames: ['method', 'route'] as const, buckets: REQUEST_SECONDS, registers },
    });
    this.#received = counter('received_bytes_total', 'Bytes of recordings received.');
    this.#accepted = counter('jobs_accepted_total', 'Jobs accepted.', ['kind']);
    this.#ended = counter('jobs_ended_total', 'Jobs that ended.', ['kind', 'status']);
    this.#retried = counter('jobs_retried_total', 'Jobs begun again.', ['kind']);
    this.#audioSeconds = counter('audio_seconds_total', 'Seconds of recordings in completed jobs.');
    this.#stages = counter('stages_ended_total', 'Runs of stages that ended.', ['stage', 'outcome']);
    this.#stageSeconds = new Histogram({
      ...{ name: 'earshot_stage_duration_seconds', help: 'Runs of stages that were done.' },
      ...{ labelNames: ['stage'] as const, buckets: STAGE_SECONDS, registers },
    });
    this.#deliveries = counter('webhook_deliveries_total', 'Tries to deliver a webhook.', ['outcome']);
    new Gauge({
      ...{ name: 'earshot_uploads_active', help: 'Uploads that bytes are arriving of.', registers },
      collect() {
        this.set(activity.uploads);
      },
    });
    this.#addQueues(queueState(jobs, clock));
    collectDefaultMetrics({ register: this.#registry });
    jobs.onHappening((happening) => this.#count(happening));
  }

  answered({ method, route, status, seconds }: AnsweredRequest): void {
    this.#requests.inc({ method, route, status });
    this.#requestSeconds.observe({ method, route }, seconds);
  }

  received(bytes: number): void {
    this.#received.inc(bytes);
  }

  /** All of it, as Prometheus reads it. */
  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #addQueues(ask: () => Promise<QueueState>): void {
    const registers = [this.#registry];
    new Gauge({
      ...{
        name: 'earshot_jobs',
        help: 'Jobs there are.',
        labelNames: ['kind', 'status'] as const,
        registers,
      },
      async collect() {
        this.reset();
        for (const { kind, status, count } of (await ask()).jobs) this.set({ kind, status }, count);
      },
    });
    new Gauge({
      ...{ name: 'earshot_stages', help: 'Stages that are queued or running.', registers },
      labelNames: ['stage', 'state'] as const,
      async collect() {
        this.reset();
        for (const { stage, state, count } of (await ask()).stages) this.set({ stage, state }, count);
      },
    });
    new Gauge({
      ...{
        name: 'earshot_queue_age_seconds',
        help: 'How long the job that waits longest has waited.',
        registers,
      },
      async collect() {
        this.set((await ask()).oldestSeconds);
      },
    });
  }

  #count(happening: Happening): void {
    if (happening.what === 'accepted') this.#accepted.inc({ kind: happening.job.kind });
    else if (happening.what === 'retried') this.#retried.inc({ kind: happening.job.kind });
    else if (happening.what === 'cancelled')
      this.#ended.inc({ kind: happening.job.kind, status: 'cancelled' });
    else if (happening.what === 'delivered') this.#deliveries.inc({ outcome: happening.outcome.state });
    else if (happening.what === 'settled') {
      const { run, outcome } = happening;
      const { stage, job } = run;
      this.#stages.inc({ stage: stage.name, outcome: outcome.as });
      if (outcome.as === 'done' && stage.startedAt !== null)
        this.#stageSeconds.observe({ stage: stage.name }, secondsSince(stage.startedAt));
      const end = endOf(run, outcome);
      if (end !== null) this.#ended.inc({ kind: job.kind, status: end });
      const duration = outcome.as === 'done' ? outcome.jobResult?.['duration'] : undefined;
      if (typeof duration === 'number') this.#audioSeconds.inc(duration);
    }
  }
}

/** The database's clock may be a little ahead of ours. */
const secondsSince = (time: Date): number => Math.max(0, (Date.now() - time.getTime()) / 1000);

/** GET /metrics. */
export const METRICS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    tag: 'Server',
    scope: 'read',
    responses: { 200: { description: 'In the text format of Prometheus.', content: { 'text/plain': null } } },
    async answer({ reply }, { metrics }) {
      const { contentType, body } = await metrics.text();
      return reply.header('content-type', contentType).send(body);
    },
  },
];
