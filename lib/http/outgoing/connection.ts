import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { type Socket, connect as connectTcp, isIP } from 'node:net';
import { type TLSSocket, checkServerIdentity, connect as connectTls } from 'node:tls';
import { ImpersonationError } from '../../internal/error';
import { asProcess } from '../../internal/flow-store';
import { tlsServerEndPoint } from '../../negotiate/channel-bindings';
import type { RequestBody } from './body';
import type { Settings } from './options';

/** A request without its body. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** Headers of one connection, which the request and the response of another one do not have. */
const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'expect',
]);

/** Yields the headers of a list of names and values in turn. */
function* pairsOf(list: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index + 1 < list.length; index += 2)
    yield [list[index] as string, list[index + 1] as string];
}

/** Returns a list of names and values without the headers of one connection, and without those in `others`. */
export function endToEnd(list: readonly string[], ...others: string[]): string[] {
  return [...pairsOf(list)]
    .filter(([name]) => !hopHeaders.has(name.toLowerCase()) && !others.includes(name.toLowerCase()))
    .flat();
}

/** Returns the value of a header in a list of names and values. */
export function headerOf(list: readonly string[], wanted: string): string | undefined {
  for (const [name, value] of pairsOf(list)) if (name.toLowerCase() === wanted) return value;
  return undefined;
}

/** Methods that may have a body, and so say that they have none. */
const bodyMethods = new Set(['POST', 'PUT', 'PATCH']);

/** Returns the headers that tell where the body ends. */
function framing({ method, headers }: RequestHead, { length }: RequestBody): string[] {
  if (length === 0) return bodyMethods.has(method) ? ['Content-Length', '0'] : [];
  const size = length === undefined ? headerOf(headers, 'content-length') : String(length);
  return size === undefined ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', size];
}

/** The error of a connection that the server has closed too early. */
export const hungUp = (): Error =>
  Object.assign(new Error('The server closed the connection'), { code: 'ECONNRESET' });

function timedOut(timeout: number): ImpersonationError {
  return new ImpersonationError(
    `No data has been sent or received for ${timeout} ms, as options.timeout permits: raise it if the server is slow`,
    'ERR_HTTP_TIMEOUT',
  );
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** Opens a socket to the origin. TLS offers HTTP/1.1 only, and verifies the server whatever the environment has set. */
function openSocket(url: URL, tls: Settings['tls']): Socket {
  const host = hostOf(url);
  if (url.protocol === 'http:') return connectTcp({ host, port: Number(url.port || 80), noDelay: true });
  return connectTls({
    ...tls,
    host,
    port: Number(url.port || 443),
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    checkServerIdentity,
  });
}

/**
 * One connection to a server, which carries one request at a time. As an agent of node:http it has this one socket: when
 * that is closed, the connection is over.
 */
export class Connection extends Agent {
  readonly #socket: Socket;
  readonly #timeout: number;
  #idle: Promise<void> = Promise.resolve();

  private constructor(socket: Socket, protocol: string, timeout: number) {
    super({ keepAlive: true, maxSockets: 1 });
    Object.assign(this, { protocol });
    this.#socket = socket;
    this.#timeout = timeout;
  }

  /** Opens a connection, as the process. Rejects with the error of the socket, ERR_HTTP_TIMEOUT or a signal's reason. */
  static open(url: URL, { tls, timeout }: Settings, ...signals: AbortSignal[]): Promise<Connection> {
    return asProcess(async () => {
      for (const signal of signals) signal.throwIfAborted();
      const socket = openSocket(url, tls);
      const abort = ({ target }: Event): void => void socket.destroy((target as AbortSignal).reason as Error);
      socket.setTimeout(timeout, () => socket.destroy(timedOut(timeout)));
      for (const signal of signals) signal.addEventListener('abort', abort);
      try {
        await once(socket, url.protocol === 'http:' ? 'connect' : 'secureConnect');
      } finally {
        for (const signal of signals) signal.removeEventListener('abort', abort);
        socket.removeAllListeners('timeout').setTimeout(0);
      }
      // An error between two requests is seen as the end of the socket.
      socket.on('error', () => {});
      return new Connection(socket, url.protocol, timeout);
    });
  }

  /** Called by node:http, once: a second request finds the socket among the free ones. */
  override createConnection(): Socket {
    return this.#socket;
  }

  /** Whether no further request can be sent. */
  get closed(): boolean {
    return this.#socket.destroyed || !this.#socket.readable || !this.#socket.writable;
  }

  /** The channel bindings of TLS; undefined without TLS. */
  get channelBindings(): Buffer | undefined {
    const certificate = (this.#socket as Partial<TLSSocket>).getPeerX509Certificate?.();
    return certificate && tlsServerEndPoint(certificate.raw);
  }

  /** Waits until the last response has been read and its request sent, or the connection is closed. */
  idle(): Promise<void> {
    return this.#idle;
  }

  /** Calls `listener` when the connection is closed. */
  onClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  /** Sends a request and resolves to the response. One at a time. */
  async send(
    url: URL,
    head: RequestHead,
    authorization: string | undefined,
    body: RequestBody,
  ): Promise<IncomingMessage> {
    const headers = [
      ...(headerOf(head.headers, 'host') === undefined ? ['Host', url.host] : []),
      ...endToEnd(head.headers, 'content-length', ...(authorization === undefined ? [] : ['authorization'])),
      ...(authorization === undefined ? [] : ['Authorization', authorization]),
      ...framing(head, body),
    ];
    return asProcess(() => {
      if (this.closed) throw hungUp();
      const request = httpRequest({
        agent: this,
        protocol: url.protocol,
        host: hostOf(url),
        method: head.method,
        path: head.path,
        headers: headers as never,
        setHost: false,
        timeout: this.#timeout,
      });
      Object.assign(request, { strictContentLength: true });
      const written = body.writeTo(request).catch((error: unknown) => void request.destroy(error as Error));
      this.#idle = Promise.all([this.#untilFree(), written]).then(() => {});
      return this.#responseTo(request);
    });
  }

  /** Closes the connection. A pending request fails with `error`. */
  override destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  #responseTo(request: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      let response: IncomingMessage | undefined;
      request.once('timeout', () => (response ?? request).destroy(timedOut(this.#timeout)));
      request.on('error', reject);
      // The end without an error, as after a response that changes the protocol.
      request.once('close', () => reject(hungUp()));
      request.once('response', (received) => {
        response = received;
        resolve(received);
      });
    });
  }

  #untilFree(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.off('free', end);
        this.#socket.off('close', end);
        resolve();
      };
      this.on('free', end);
      this.#socket.on('close', end);
    });
  }
}
