import type { IncomingMessage } from 'node:http';

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
