/** One thing that doctor looked at. */
export interface Check {
  readonly name: string;
  /** ok; missing: Earshot cannot work without it; optional: it would make Earshot better. */
  readonly state: 'ok' | 'missing' | 'optional';
  readonly found: string;
  /** What mends it, a command wherever one does; null when there is nothing to mend. */
  readonly fix: string | null;
}
