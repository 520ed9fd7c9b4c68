import { someOf, text } from '../option.ts';
import { SCOPES } from '../../server/auth/caller.ts';

/** The keys that a server lets in. */
export const KEYS_OPTIONS = {
  id: text({
    group: 'Keys',
    description: 'Name of the new key, for logs and for keys revoke.',
    commands: ['keys'],
    default: null,
    placeholder: '<id>',
    accepts: 'letters, digits, dots, dashes and underscores',
    everywhere: false,
    example: 'ci-2026',
  }),
  owner: text({
    group: 'Keys',
    description: 'Whom the jobs of the new key belong to. Default: its id.',
    commands: ['keys'],
    default: null,
    placeholder: '<owner>',
    accepts: 'letters, digits, dots, dashes and underscores',
    everywhere: false,
    example: 'newsroom',
  }),
  scopes: someOf({
    group: 'Keys',
    description: 'What the new key may do.',
    commands: ['keys'],
    choices: SCOPES,
    default: ['submit', 'read'],
    mayBeEmpty: false,
    everywhere: false,
    example: 'read',
  }),
  file: text({
    group: 'Keys',
    description: 'The keys file. Default: the one that serve has, --keys-file.',
    commands: ['keys'],
    default: null,
    placeholder: '<file>',
    accepts: 'a file',
    everywhere: false,
    example: 'keys.json',
  }),
};
