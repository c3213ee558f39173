import type { IncomingMessage } from 'node:http';
import { ImpersonationError } from '../internal/error';

const marks = new Set([
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

/** Whether a proxy says that it has passed the request on: its connection carries the requests of many. */
export function isForwarded(request: IncomingMessage): boolean {
  return Object.keys(request.headers).some(
    (name) => marks.has(name) || /^x-(original-)?forwarded/.test(name),
  );
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * What a request brings for the scheme's handshake; undefined without any Authorization. Throws
 * ERR_INVALID_AUTHORIZATION for what is of another scheme, is no base64, or is there twice. Never says what it was.
 */
export function readLeg(request: IncomingMessage, scheme: string): Buffer | undefined {
  const values = request.headersDistinct.authorization ?? [];
  const [value, another] = values;
  if (value === undefined) return undefined;
  const [, name = '', data = ''] = /^(\S+) +(\S+)$/.exec(value.trim()) ?? [];
  if (another !== undefined || name.toLowerCase() !== scheme.toLowerCase() || !base64.test(data)) {
    throw new ImpersonationError(
      `The request's Authorization is not one ${scheme} with base64`,
      'ERR_INVALID_AUTHORIZATION',
    );
  }
  return Buffer.from(data, 'base64');
}
