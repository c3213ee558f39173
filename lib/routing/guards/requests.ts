import type http from 'node:http';
import type http2 from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import { Server } from 'node:net';
import stream, { Readable } from 'node:stream';
import { followListeners, handleRequest, inCurrentFlow, pipeInto } from '../../flow/events';
import { nodeRequire } from '../../internal/own-folder';
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
  const classes = [];
  if (isLoaded('http')) {
    const { IncomingMessage, OutgoingMessage } = nodeRequire('node:http') as typeof http;
    classes.push(IncomingMessage, OutgoingMessage);
  }
  if (isLoaded('http2')) {
    const { Http2ServerRequest, Http2ServerResponse } = nodeRequire('node:http2') as typeof http2;
    classes.push(Http2ServerRequest, Http2ServerResponse);
  }
  return classes;
}

/**
 * Makes callbacks of finished() and pipeline() run in the flow of their request: from Node 24 on they run where they were
 * added, outside of a flow that begins later.
 */
function guardStreamCallbacks(): void {
  for (const name of ['finished', 'pipeline']) {
    replaceMethod(stream, name, (original, receiver, args) =>
      Reflect.apply(original, receiver, [...args.slice(0, -1), inCurrentFlow(args.at(-1))]),
    );
  }
  syncBuiltinESMExports();
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
    if (requestEvents.has(event)) {
      const { socket, stream } = (request ?? {}) as Partial<http.IncomingMessage & http2.Http2ServerRequest>;
      // Over HTTP/2 the socket is a proxy, and its listeners are those of the session.
      if (socket && !stream) followListeners(socket);
      return handleRequest([request, other, stream], handle);
    }
    if (!upgradeEvents.has(event)) return handle();
    if (typeof other === 'object' && other !== null) followListeners(other);
    return handleRequest([request, other], handle);
  });
  guardStreamCallbacks();
  replaceMethod(Readable.prototype, 'pipe', (pipe, source, args) =>
    pipeInto(args[0], () => Reflect.apply(pipe, source, args)),
  );
}
