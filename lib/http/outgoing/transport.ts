import type { IncomingMessage } from 'node:http';
import { ImpersonationError } from '../../internal/error';
import type { ClientHandshakeLike, ClientHandshakeStep } from '../../negotiate/initiator';
import { type BodySource, RequestBody } from './body';
import type { Caller } from './caller';
import { readChallenge, toAuthorization } from './challenge';
import { type Connection, type RequestHead, headerOf } from './connection';
import type { Settings } from './options';
import { ConnectionPool } from './pool';

/** A request to send. */
export interface OutgoingRequest extends RequestHead {
  readonly url: URL;
  readonly body: BodySource;
  readonly signal: AbortSignal;
  /** False if the request gets no credentials, wherever it goes. */
  readonly mayAuthenticate?: boolean;
}

/** The number of messages that a handshake may have. */
const maxMessages = 10;
/** The largest body of a response that asks for authentication; such a connection is closed. */
const maxChallengeBody = 1_048_576;
/** Methods of requests that may be sent again if a kept connection turns out to be closed. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

function unproven(): ImpersonationError {
  return new ImpersonationError(
    'The server has answered without proving its identity, so the response was discarded: it may be another server. The ' +
      'server must send its last handshake message in WWW-Authenticate',
    'ERR_SERVER_UNPROVEN',
  );
}

/** Reads the body of a response that asks for authentication, so that its connection can be used further. */
function discard(response: IncomingMessage): void {
  let size = 0;
  response.on('data', (part: Buffer) => {
    size += part.length;
    if (size > maxChallengeBody) response.destroy();
  });
  response.on('error', () => {});
}

/** The handshake of one request. */
class Authentication {
  readonly #handshake: ClientHandshakeLike;
  #done = false;
  #count = 0;

  constructor(handshake: ClientHandshakeLike) {
    this.#handshake = handshake;
  }

  /** Returns the next message for the server; undefined if there is none. */
  async step(challenge?: Buffer): Promise<Buffer | undefined> {
    this.#count += 1;
    if (this.#count > maxMessages) {
      throw new ImpersonationError(
        `The server has asked for more than ${maxMessages} handshake messages`,
        'ERR_HANDSHAKE_TOO_LONG',
      );
    }
    const { message, done }: ClientHandshakeStep = await this.#handshake.step(challenge);
    this.#done = done;
    return message;
  }

  /** Throws ERR_SERVER_UNPROVEN unless the last message of the server completes the handshake. */
  async complete(challenge: Buffer | undefined): Promise<void> {
    if (!this.#done && challenge?.length) await this.step(challenge);
    if (!this.#done) throw unproven();
  }

  close(): void {
    this.#handshake.close();
  }
}

/** The state of one request on its way. */
class Exchange {
  readonly #settings: Settings;
  readonly #pool: ConnectionPool;
  readonly #request: OutgoingRequest;
  readonly #caller: Caller;
  readonly #body: RequestBody;
  /** Whether the server may get credentials. */
  readonly #mayAuthenticate: boolean;
  /** The key of connections to share; undefined for a request with an Authorization of its own, which may be of anybody. */
  readonly #key: string | undefined;
  #connection: Connection | undefined;
  #authentication: Authentication | undefined;

  constructor(settings: Settings, pool: ConnectionPool, request: OutgoingRequest, caller: Caller) {
    this.#settings = settings;
    this.#pool = pool;
    this.#request = request;
    this.#caller = caller;
    const { url, headers, mayAuthenticate = true } = request;
    const isOwn = headerOf(headers, 'authorization') !== undefined;
    this.#mayAuthenticate = mayAuthenticate && !isOwn && settings.allows(url);
    this.#key = isOwn ? undefined : `${url.origin} ${this.#mayAuthenticate ? caller.key : 'anonymous'}`;
    this.#body = new RequestBody(request.body, caller, this.#mayAuthenticate ? settings.maxBufferedBody : 0);
  }

  async perform(): Promise<IncomingMessage> {
    const { signal } = this.#request;
    const abort = (): void => {
      this.#connection?.destroy(signal.reason as Error);
      this.#authentication?.close();
    };
    signal.addEventListener('abort', abort);
    try {
      if (this.#mayAuthenticate && !this.#settings.preemptive) await this.#body.read();
      const response = await this.#converse();
      const connection = this.#connection as Connection;
      this.#pool.release(this.#key, connection);
      // A server may answer, and close the connection, before it has read the body.
      void connection.idle().then(() => this.#body.close());
      return response;
    } catch (error) {
      this.#connection?.destroy();
      this.#body.close();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#authentication?.close();
    }
  }

  /** Sends the request until the response is none that asks for authentication, and returns that. */
  async #converse(): Promise<IncomingMessage> {
    const { scheme } = this.#settings.client;
    let [message, response] = await this.#sendFirst();
    for (;;) {
      const challenge = readChallenge(response, scheme);
      if (response.statusCode !== 401 || !this.#mayAuthenticate) {
        if (message) await this.#caller.asIdentity(() => this.#authentication?.complete(challenge));
        return response;
      }
      // Without a further message the server has refused the user.
      if (!challenge || (message && challenge.length === 0)) return response;
      discard(response);
      await this.#connection?.idle();
      message = message ? await this.#continue(challenge) : await this.#begin();
      if (!message) throw unproven();
      response = await this.#send(message);
    }
  }

  /** Sends the request for the first time, again if a kept connection had been closed by the server meanwhile. */
  async #sendFirst(): Promise<[message: Buffer | undefined, response: IncomingMessage]> {
    const kept = this.#pool.take(this.#key);
    if (kept) {
      this.#connection = kept;
      const message = await this.#preemptive();
      try {
        return [message, await this.#send(message)];
      } catch (error) {
        await kept.idle();
        const { code } = error as { code?: unknown };
        const isStale = code === 'ECONNRESET' || code === 'EPIPE';
        if (!isStale || !this.#body.isComplete || !idempotent.has(this.#request.method)) throw error;
      }
    }
    await this.#open();
    const message = await this.#preemptive();
    return [message, await this.#send(message)];
  }

  async #open(): Promise<void> {
    this.#connection = await this.#pool.open(this.#request.url, this.#request.signal);
  }

  #send(message: Buffer | undefined): Promise<IncomingMessage> {
    const { url, signal } = this.#request;
    signal.throwIfAborted();
    const { scheme } = this.#settings.client;
    const authorization = message && toAuthorization(scheme, message);
    return (this.#connection as Connection).send(url, this.#request, authorization, this.#body);
  }

  async #preemptive(): Promise<Buffer | undefined> {
    return this.#mayAuthenticate && this.#settings.preemptive ? this.#begin() : undefined;
  }

  /** Begins the handshake, on a connection that can carry it. Returns its first message. */
  async #begin(): Promise<Buffer | undefined> {
    if (this.#connection?.closed) await this.#open();
    const { url } = this.#request;
    const { client, targetOf, delegate } = this.#settings;
    const { channelBindings } = this.#connection as Connection;
    const options = { target: targetOf(url), delegate, ...(channelBindings && { channelBindings }) };
    return this.#caller.asIdentity(() => {
      this.#authentication?.close();
      this.#authentication = new Authentication(client.handshake(options));
      return this.#authentication.step();
    });
  }

  /** Returns the answer to a further message of the server, which belongs to this connection. */
  async #continue(challenge: Buffer): Promise<Buffer | undefined> {
    if (this.#connection?.closed) {
      throw new ImpersonationError(
        'The server closed the connection during the handshake, which needs a single one',
        'ERR_HANDSHAKE_CLOSED',
      );
    }
    return this.#caller.asIdentity(() => this.#authentication?.step(challenge));
  }
}

/** Sends requests as their callers, over connections that are shared within one identity only. */
export class Transport {
  readonly #settings: Settings;
  readonly #pool: ConnectionPool;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#pool = new ConnectionPool(settings);
  }

  /** Whether `close()` or `destroy()` has been called. */
  get closed(): boolean {
    return this.#pool.closed;
  }

  /** Sends a request and resolves to the response, which the caller reads or destroys. */
  async send(request: OutgoingRequest, caller: Caller): Promise<IncomingMessage> {
    return new Exchange(this.#settings, this.#pool, request, caller).perform();
  }

  /** Closes the connections after their responses. Resolves when all are closed. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Closes the connections. Pending requests fail with `error`. */
  destroy(error?: Error): void {
    this.#pool.destroy(error);
  }
}
