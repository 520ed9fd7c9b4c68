import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import type { Settings } from './options.ts';

/** Folders that Earshot keeps things in, absolute; none is made here. */
export interface Folders {
  readonly models: string;
  /** Checkpoints of unfinished runs, decoded audio, fetched inputs; may be deleted when nothing runs. */
  readonly work: string;
  /** What the server keeps: its database and, unless they are elsewhere, recordings and results. */
  readonly server: string;
  /** What `watch` has done already, a file a place. */
  readonly watch: string;
  /** What `submit` has learnt of servers, a file for each combination of options. */
  readonly submit: string;
}

/** The folders for these settings: below --data where given, the user's data and cache folders otherwise. */
export function foldersOf(settings: Pick<Settings, 'data' | 'models'>, cwd: string): Folders {
  const user = envPaths('earshot', { suffix: '' });
  const data = settings.data === null ? user.data : resolve(cwd, settings.data);
  const cache = settings.data === null ? user.cache : data;
  return {
    models: settings.models === null ? join(data, 'models') : resolve(cwd, settings.models),
    work: join(cache, 'work'),
    server: join(data, 'server'),
    watch: join(data, 'watch'),
    submit: join(data, 'submit'),
  };
}
