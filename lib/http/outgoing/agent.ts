import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import { pipeline } from 'node:stream';
import { asProcess } from '../../internal/flow-store';
import { wrongValue } from '../../internal/validate';
import { type Caller, currentCaller } from './caller';
import { endToEnd } from './connection';
import { upgradeError } from './dispatcher';
import { LocalSocket } from './duplex-pair';
import { type NegotiateHttpOptions, toHttpSettings } from './options';
import { Transport } from './transport';

/**
 * The options of a `NegotiateAgent`.
 *
 * @example
 * const options: NegotiateAgentOptions = { client: new NegotiateClient(), origins: ['https://api.example.com'] };
 * const agent = new NegotiateAgent(options);
 */
export interface NegotiateAgentOptions extends NegotiateHttpOptions {
  /** The protocol that the agent is for. `https:`, the default, is for `https.request()`, `http:` for `http.request()`. */
  protocol?: 'https:' | 'http:';
}

/** A request of node:http on its way through the agent. */
interface Passage {
  readonly url: URL;
  readonly caller: Caller;
  /** The end that the request of node:http is connected to. */
  readonly near: LocalSocket;
}

/** Returns whether the request has a body, by its headers. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * An agent for node:http and node:https, and for the packages that use them, such as axios and got. It sends requests
 * over connections that are authenticated as the effective identity of the code that makes the request, by the rules of
 * `NegotiateDispatcher`. Options of TLS are those of the agent; those of a request are ignored. Each request is judged by
 * its own origin: give an agent the origins of one back end, so that a redirect to another one is followed without
 * credentials.
 *
 * @example
 * import https from 'node:https';
 * import { once } from 'node:events';
 * const agent = new NegotiateAgent({ client: new NegotiateClient(), origins: ['https://api.example.com'] });
 * const [response] = await token.run(() => once(https.get('https://api.example.com/me', { agent }), 'response'));
 */
export class NegotiateAgent extends Agent {
  /** The protocol that the agent is for, which node:http checks. */
  readonly protocol: 'https:' | 'http:';
  /** The port of URLs without one. */
  readonly defaultPort: number;
  readonly #transport: Transport;
  readonly #passages = new WeakMap<object, Passage>();
  /** Parses the requests of node:http, which come as bytes. It does not listen. */
  readonly #parser: Server;

  /**
   * @param options - The protocol, the client, the servers that may get credentials, and limits.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   */
  constructor(options: NegotiateAgentOptions) {
    super();
    this.#transport = new Transport(toHttpSettings(options, ['protocol']));
    const { protocol = 'https:' } = options;
    if (!['https:', 'http:'].includes(protocol))
      throw wrongValue('options.protocol', "must be 'https:' or 'http:'");
    this.protocol = protocol;
    this.defaultPort = protocol === 'https:' ? 443 : 80;
    const settings = {
      maxHeaderSize: 0x7fff_ffff,
      requireHostHeader: false,
      requestTimeout: 0,
      headersTimeout: 0,
    };
    this.#parser = createServer(settings, (request, response) => void this.#handle(request, response));
    this.#parser.on('connect', ({ socket }) => this.#passages.get(socket)?.near.destroy(upgradeError()));
  }

  /** Called by node:http for each request. @internal */
  addRequest(
    request: ClientRequest,
    options: { readonly port?: unknown; readonly socketPath?: unknown },
  ): void {
    const caller = currentCaller();
    const [near, far] = LocalSocket.pair();
    const { host, timeout } = request as ClientRequest & { readonly timeout?: number };
    try {
      if (options.socketPath) throw wrongValue('options.socketPath', 'is not supported by a NegotiateAgent');
      const url = new URL(
        `${this.protocol}//${host.includes(':') ? `[${host}]` : host}:${String(options.port)}`,
      );
      this.#passages.set(far, { url, caller, near });
    } catch (error) {
      process.nextTick(() => near.destroy(error as Error));
    }
    request.onSocket(near as never);
    if (timeout !== undefined) near.setTimeout(timeout);
    asProcess(() => this.#parser.emit('connection', far));
  }

  /**
   * Closes the connections after their responses. New requests fail with `ERR_CLIENT_CLOSED`.
   *
   * @returns A promise that resolves when all are closed.
   * @example
   * const agent = new NegotiateAgent({ client: new NegotiateClient(), origins: ['https://api.example.com'] });
   * await agent.close();
   */
  close(): Promise<void> {
    return this.#transport.close();
  }

  /**
   * Closes the connections at once. Pending requests fail with `ERR_CLIENT_CLOSED`.
   *
   * @example
   * const agent = new NegotiateAgent({ client: new NegotiateClient(), origins: ['https://api.example.com'] });
   * agent.destroy();
   */
  override destroy(): void {
    this.#transport.destroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const passage = this.#passages.get(request.socket);
    if (!passage) return;
    const { url, caller, near } = passage;
    const ended = new AbortController();
    response.once('close', () => ended.abort(new Error('The request was aborted')));
    let answer: IncomingMessage | undefined;
    try {
      if (request.headers.upgrade !== undefined) throw upgradeError();
      answer = await this.#transport.send(
        {
          url,
          method: request.method ?? 'GET',
          path: request.url ?? '/',
          headers: request.rawHeaders,
          body: hasBody(request) ? request : null,
          signal: ended.signal,
        },
        caller,
      );
      const { statusCode = 0, statusMessage = '', rawHeaders } = answer;
      response.sendDate = false;
      response.writeHead(statusCode, statusMessage, endToEnd(rawHeaders, 'trailer') as never);
      pipeline(answer, response, (error) => {
        if (error) near.destroy(error);
      });
    } catch (error) {
      answer?.destroy();
      near.destroy(error as Error);
    }
  }
}
