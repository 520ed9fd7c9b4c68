import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { EarshotError } from '../errors.ts';
import { isPrivateAddress } from './address.ts';

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * A `lookup` for one request to `url`: it resolves the name once, and the connection uses exactly the addresses that
 * were checked, whatever the name resolves to a moment later. It fails with `address_refused` where one of them is
 * private and that is not allowed. Node asks it for names only: ask checkLiteralAddress first.
 */
export function pinnedLookup(url: URL, allowPrivate: boolean) {
  return (host: string, options: LookupOptions, callback: LookupCallback): void => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      if (!allowPrivate && addresses.some(({ address }) => isPrivateAddress(address)))
        return callback(refusedAddress(url) as NodeJS.ErrnoException, []);
      if (options.all) return callback(null, addresses);
      const first = addresses[0] as LookupAddress;
      return callback(null, first.address, first.family);
    });
  };
}

/** This machine, whatever a name server says (RFC 6761, 6.3). */
const LOCALHOST = /(?:^|\.)localhost\.?$/;

/**
 * Throws `address_refused` when the host of `url` is a private address, or a name that always stands for one, and that is
 * not allowed.
 */
export function checkLiteralAddress(url: URL, allowPrivate: boolean): void {
  if (allowPrivate) return;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (LOCALHOST.test(host) || (isIP(host) !== 0 && isPrivateAddress(host))) throw refusedAddress(url);
}

const refusedAddress = (url: URL): EarshotError =>
  new EarshotError('address_refused', `${url.hostname} is in a private network or on this machine`, {
    hint: 'if that is wanted, allow it with --allow-private',
  });
