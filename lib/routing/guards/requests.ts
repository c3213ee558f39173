import type http from 'node:http';
import type http2 from 'node:http2';
import { createRequire } from 'node:module';
import { Server } from 'node:net';
import { followListeners, handleRequest } from '../../flow/events';
import { replaceMethod } from '../router';

/** Events of HTTP servers, of which a request is the first argument, or the stream of one. */
const requestEvents = new Set<unknown>(['request', 'checkContinue', 'checkExpectation', 'stream']);
/** Events of HTTP servers with a request and its connection, which belongs to the request from then on. */
const upgradeEvents = new Set<unknown>(['upgrade', 'connect']);

function isLoaded(name: string): boolean {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes(`NativeModule ${name}`) ?? true;
}

/** The classes of requests and responses that are loaded; those that are loaded later have no requests yet. */
function requestClasses(): ({ prototype: object } | undefined)[] {
  const load = createRequire(__filename);
  const classes = [];
  if (isLoaded('http')) {
    const { IncomingMessage, OutgoingMessage } = load('node:http') as typeof http;
    classes.push(IncomingMessage, OutgoingMessage);
  }
  if (isLoaded('http2')) {
    const { Http2ServerRequest, Http2ServerResponse } = load('node:http2') as typeof http2;
    classes.push(Http2ServerRequest, Http2ServerResponse);
  }
  return classes;
}

/**
 * Makes events of requests and responses run in the flow of their user: node emits them from the connection, outside of
 * the flow. The servers of node:http, node:https and node:http2 inherit from that of node:net.
 */
export function guardRequests(): void {
  for (const each of requestClasses()) if (each) followListeners(each.prototype);
  replaceMethod(Server.prototype, 'emit', (emit, server, args) => {
    const handle = (): unknown => Reflect.apply(emit, server, args);
    const [event, request, other] = args;
    if (requestEvents.has(event)) return handleRequest([request, other], handle);
    if (!upgradeEvents.has(event)) return handle();
    if (typeof other === 'object' && other !== null) followListeners(other);
    return handleRequest([request, other], handle);
  });
}
