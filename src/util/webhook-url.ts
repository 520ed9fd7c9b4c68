import { lookup } from 'node:dns/promises';
import { EarshotError } from '../errors.ts';
import { abortable } from './abortable.ts';
import { isPrivateAddress } from './address.ts';
import { checkLiteralAddress } from './pinned-lookup.ts';

const MAX_LENGTH = 2048;

/**
 * A URL that webhooks may go to, written in the one way that is to be stored. Rejects with `address_refused` when it is
 * not http or https, holds a user or password, is longer than 2048 characters, or leads to a private network or this
 * machine and that is not allowed. This is for an early word to whoever sets it: names can change where they lead, so
 * every delivery checks again.
 */
export async function checkWebhookUrl(
  address: string,
  options: { readonly allowPrivate: boolean; readonly signal?: AbortSignal },
): Promise<string> {
  const url = webhookUrl(address);
  checkLiteralAddress(url, options.allowPrivate);
  if (!options.allowPrivate) await checkName(url.hostname, options.signal);
  return url.href;
}

/** The URL, as far as that can be told without asking anybody. Throws `address_refused`. */
export function webhookUrl(address: string): URL {
  const url = address.length <= MAX_LENGTH && URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw refused(`a webhook URL is http:// or https:// and has up to ${MAX_LENGTH} characters`);
  if (url.username !== '' || url.password !== '')
    throw refused(
      'a webhook URL holds no user and no password: deliveries are signed with the secret instead',
    );
  url.hash = '';
  return url;
}

async function checkName(hostname: string, signal: AbortSignal | undefined): Promise<void> {
  if (hostname.startsWith('[')) return;
  const found = await abortable(lookup(hostname, { all: true }), signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    // A name server that is away for a moment says nothing about the URL.
    if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') throw refused(`there is no host ${hostname}`);
    return [];
  });
  if (found.some(({ address }) => isPrivateAddress(address)))
    throw refused(`${hostname} is in a private network or on this machine`);
}

const refused = (why: string): EarshotError => new EarshotError('address_refused', why);
