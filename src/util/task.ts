/** What every long-running function of Earshot takes as its last argument. */
export interface Task {
  readonly signal?: AbortSignal;
  /** Called with the fraction done, 0 to 1, never backwards. */
  readonly onProgress?: (fraction: number) => void;
}
