/** The commands, in the order in which the help lists them. */
export const COMMANDS = [
  'transcribe',
  'batch',
  'enrich',
  'convert',
  'serve',
  'submit',
  'jobs',
  'watch',
  'keys',
  'models',
  'doctor',
  'demo',
] as const;

export type CommandName = (typeof COMMANDS)[number];
