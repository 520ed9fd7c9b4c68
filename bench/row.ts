/** One figure: what it is, its value, what the project wants it to be, and what it was made of. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly wanted: string;
  readonly seen: string;
}
