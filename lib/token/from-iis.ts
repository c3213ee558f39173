import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList } from 'node:net';
import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { validateOptions, validateString, wrongType, wrongValue } from '../internal/validate';

/**
 * How the local IIS proves itself.
 *
 * @example
 * const options: IisOptions = { pairingToken: process.env.ASPNETCORE_TOKEN ?? false };
 * app.use(actAs(iisAuthentication(options)).express);
 */
export interface IisOptions {
  /**
   * The value that the request's MS-ASPNETCORE-TOKEN must have; by default that of the environment variable
   * ASPNETCORE_TOKEN at the first request. The ASP.NET Core Module sets both, and removes such headers from what clients
   * send.
   *
   * `false` is for HttpPlatformHandler, which has no pairing token. Any process of this computer, and any client whose
   * header IIS passes on, can then send a request that names a handle of this process: turn anonymous authentication
   * off in IIS.
   */
  pairingToken?: string | false;
}

// The module removes headers that begin with MS-ASPNETCORE and no others: with a pairing token the other two may come
// from the client.
const paired = 'ms-aspnetcore-winauthtoken';
const unpaired = ['x-iis-windowsauthtoken', 'ms-platform-handler-winauthtoken'];
/** Headers that name the handle of a user's token. */
export const handleHeaders: readonly string[] = [paired, ...unpaired];
const pairing = 'ms-aspnetcore-token';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Handle values are reused: each request hands over one handle, once. */
const adopted = new WeakSet<IncomingMessage>();
let environmentToken: string | undefined;

function refused(reason: string): ImpersonationError {
  return new ImpersonationError(
    `The request is not accepted as one of the local IIS: ${reason}`,
    'ERR_IIS_REQUEST_REFUSED',
  );
}

function expectedToken(given: unknown): string | false {
  if (given === false) return false;
  if (given !== undefined) {
    validateString(given, 'options.pairingToken');
    return given;
  }
  environmentToken ??= process.env.ASPNETCORE_TOKEN;
  if (environmentToken) return environmentToken;
  environmentToken = undefined;
  throw new ImpersonationError(
    'There is no pairing token: this process was not started by the ASP.NET Core Module of IIS, which sets ASPNETCORE_TOKEN',
    'ERR_IIS_NOT_CONFIGURED',
  );
}

/** Returns every value of a header; `headers` joins them or drops all but one. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

function isLoopback({ remoteAddress, remoteFamily }: IncomingMessage['socket']): boolean {
  if (remoteAddress === undefined) return false;
  // BlockList maps an IPv4 address on an IPv6 socket to IPv4.
  return loopback.check(remoteAddress, remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4');
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function requirePairing(request: IncomingMessage, expected: string): void {
  const given = valuesOf(request, pairing);
  if (given.length !== 1 || !timingSafeEqual(digest(given[0] as string), digest(expected)))
    throw refused('its MS-ASPNETCORE-TOKEN is not the pairing token');
}

function handleOf(request: IncomingMessage, isPaired: boolean): bigint {
  const found = handleHeaders.flatMap((name) => valuesOf(request, name).map((text) => ({ name, text })));
  const [only] = found;
  if (only === undefined) throw refused('it has no handle: the user is not authenticated');
  if (found.length > 1) throw refused('it has more than one handle');
  if ((only.name === paired) !== isPaired)
    throw refused(
      `its handle is in ${only.name.toUpperCase()}, which ${isPaired ? 'the client could have set' : 'requires a pairing token'}`,
    );
  const { text } = only;
  if (!/^[0-9a-f]{1,8}$/i.test(text) || /^0+$/.test(text))
    throw refused('its handle is not a hexadecimal number');
  return BigInt(`0x${text}`);
}

function adopt(handle: bigint): TokenId {
  try {
    return native.tokenFromHandle(handle, true);
  } catch (error) {
    if ((error as Partial<ImpersonationError>).code !== 'ERR_INVALID_ARG_VALUE') throw error;
    throw refused('its handle is not that of an access token');
  }
}

function validateRequest(request: unknown): asserts request is IncomingMessage {
  const isRequest =
    typeof request === 'object' &&
    request !== null &&
    Array.isArray((request as Partial<IncomingMessage>).rawHeaders) &&
    typeof (request as Partial<IncomingMessage>).socket === 'object';
  if (!isRequest) throw wrongType('request', 'an instance of IncomingMessage', request);
}

/** Implements `Token.fromIisRequest`. The handle is not touched before every other check has passed. */
export function fromIisRequest(request: IncomingMessage, options: IisOptions): TokenId {
  validateRequest(request);
  validateOptions(options, 'options', ['pairingToken']);
  if ((options.pairingToken as unknown) === true)
    throw wrongValue('options.pairingToken', 'must be a string, or false');
  if (native.port === 'linux')
    throw new ImpersonationError(
      'IIS runs on Windows only: on Linux take the user from NegotiateServer or Token.fromPeer',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  const expected = expectedToken(options.pairingToken);
  if (!isLoopback(request.socket)) throw refused('it does not come from this computer');
  if (expected !== false) requirePairing(request, expected);
  if (adopted.has(request)) throw refused('its handle has been adopted already');
  const token = adopt(handleOf(request, expected !== false));
  adopted.add(request);
  return token;
}
