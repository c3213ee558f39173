import type { IncomingMessage } from 'node:http';
import { ImpersonationError } from '../internal/error';

/** Headers that proxies add to the requests that they forward, beside `X-Forwarded-*`. */
const proxyHeaders = new Set([
  'via',
  'forwarded',
  'cdn-loop',
  'proxy-connection',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-arr-log-id',
  'x-envoy-external-address',
]);

/** Whether a proxy has forwarded the request. Its connection may carry the requests of many clients. */
export function isForwarded(request: IncomingMessage): boolean {
  return Object.keys(request.headers).some(
    (name) => proxyHeaders.has(name) || /^x-(original-)?forwarded/.test(name),
  );
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Returns the handshake message in the header Authorization; undefined if there is no such header. Throws
 * ERR_INVALID_AUTHORIZATION for another scheme, invalid base64 or a repeated header. The error does not contain the
 * value.
 */
export function readMessage(request: IncomingMessage, scheme: string): Buffer | undefined {
  const values = request.headersDistinct.authorization ?? [];
  const [value, another] = values;
  if (value === undefined) return undefined;
  const [, name = '', data = ''] = /^(\S+) +(\S+)$/.exec(value.trim()) ?? [];
  if (another !== undefined || name.toLowerCase() !== scheme.toLowerCase() || !base64.test(data)) {
    throw new ImpersonationError(
      `The request's Authorization header must be given once, as "${scheme}" followed by base64`,
      'ERR_INVALID_AUTHORIZATION',
    );
  }
  return Buffer.from(data, 'base64');
}
