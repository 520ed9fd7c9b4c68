export type { Transcript } from '../transcript/schema.ts';
export { EarshotError } from '../errors.ts';
export { verifyWebhook, type VerifiedWebhook } from '../util/webhook-signature.ts';
export type { Recording } from './byte-source.ts';
export { EarshotClient, type ClientOptions } from './client.ts';
export { EarshotApiError } from './error.ts';
export type { EventsOptions, JobEvent } from './job-events.ts';
export type { CreateOptions, Job, Jobs, JobSettings, JobStatus, ListOptions, WaitOptions } from './jobs.ts';
export type { Upload, UploadOptions, Uploads } from './uploads.ts';
