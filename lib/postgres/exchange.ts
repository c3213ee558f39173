import { ImpersonationError } from '../internal/error';
import type { ClientHandshakeLike } from '../negotiate/initiator';

/** Makes the error for what a server must not send. */
export function protocolError(what: string): ImpersonationError {
  return new ImpersonationError(
    `The PostgreSQL server sent ${what}. The connection is closed`,
    'ERR_POSTGRES_PROTOCOL',
  );
}

/** Types of messages that a server may send before AuthenticationOk. */
const authentication = 0x52; // R
const passedOn = new Set(['E', 'N', 'v'].map((type) => type.charCodeAt(0)));

/** Requests of AuthenticationRequest: the first field of the message. */
const request = { ok: 0, gss: 7, gssContinue: 8, sspi: 9 };

/** Bytes of the type and the length of a message, and of an AuthenticationRequest without data. */
const headerSize = 5;
const requestSize = 9;
/** The length of a message before the server has authenticated: a handshake message has up to 65,535 bytes. */
const maxLength = 65_535 + 8;

/** Returns the message by which a client answers a request for authentication: GSSResponse. */
function gssResponse(data: Buffer): Buffer {
  const message = Buffer.allocUnsafe(headerSize + data.length);
  message.write('p', 0, 'latin1');
  message.writeUInt32BE(data.length + 4, 1);
  data.copy(message, headerSize);
  return message;
}

function unproven(): ImpersonationError {
  return new ImpersonationError(
    'The PostgreSQL server accepted the client without proving its own identity: pg_hba.conf must have the method gss, or ' +
      'sspi on Windows, for this user and database',
    'ERR_SERVER_UNPROVEN',
  );
}

function otherMethod(code: number): ImpersonationError {
  return new ImpersonationError(
    `The PostgreSQL server asks for another authentication method (${String(code)}), such as a password, which would not ` +
      'authenticate the effective identity: pg_hba.conf must have the method gss, or sspi on Windows, for this user and database',
    'ERR_POSTGRES_PASSWORD_REQUESTED',
  );
}

/** What an exchange does with its connection. */
export interface ExchangeEvents {
  /** Begins a handshake. It is called at most once. */
  begin(): ClientHandshakeLike;
  /** Sends bytes to the server. */
  send(message: Buffer): void;
  /** Delivers bytes of the server to the client library. */
  deliver(bytes: Buffer): void;
  /** The exchange waits for the handshake, and needs no bytes; or it has read all bytes that it has. */
  waiting(isWaiting: boolean): void;
  /** The connection is authenticated. All further bytes have been or are to be delivered unread. */
  authenticated(): void;
  /** The exchange has failed. It is called once, and nothing is delivered after it. */
  failed(error: Error): void;
}

/**
 * Reads what a server sends from its first message to AuthenticationOk, and carries out the requests for GSSAPI and SSPI.
 * The library receives the other messages, with AuthenticationOk as the only request.
 */
export class Exchange {
  readonly #events: ExchangeEvents;
  #handshake: ClientHandshakeLike | undefined;
  #isProven = false;
  #isBusy = false;
  #isOver = false;
  /** Bytes of messages that are incomplete or wait for the handshake. */
  #chunks: Buffer[] = [];
  #size = 0;
  /** The size at which the bytes can be read on. */
  #needed = 1;

  constructor(events: ExchangeEvents) {
    this.#events = events;
  }

  /** Takes bytes of the server. */
  receive(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#readOn();
  }

  /** Ends the exchange, and closes the handshake. A second call does nothing. */
  close(): void {
    this.#isOver = true;
    this.#chunks = [];
    this.#handshake?.close();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.close();
    this.#events.failed(error as Error);
  }

  #readOn(): void {
    if (this.#isBusy || this.#isOver || this.#size < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    try {
      this.#readMessages(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Reads messages up to the first one that is incomplete, needs the handshake, or is AuthenticationOk. */
  #readMessages(bytes: Buffer): void {
    let rest = bytes;
    for (let size = this.#sizeOf(rest); size <= rest.length; size = this.#sizeOf(rest)) {
      if (this.#readMessage(rest.subarray(0, size))) {
        this.close();
        this.#events.authenticated();
        this.#events.deliver(rest);
        return;
      }
      rest = rest.subarray(size);
      if (this.#isBusy) {
        this.#needed = 1;
        break;
      }
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
  }

  /** Returns the size of the first message; of what is needed to know it if that is incomplete. */
  #sizeOf(bytes: Buffer): number {
    this.#needed = 1;
    const [type] = bytes;
    if (type === undefined) return this.#needed;
    if (type !== authentication && !passedOn.has(type)) {
      throw protocolError(`a message of type 0x${type.toString(16)} before AuthenticationOk`);
    }
    this.#needed = headerSize;
    if (bytes.length < headerSize) return this.#needed;
    const length = bytes.readUInt32BE(1);
    const least = type === authentication ? requestSize - 1 : 4;
    if (length < least || length > maxLength) {
      throw protocolError(`a message of ${String(length)} bytes before AuthenticationOk`);
    }
    this.#needed = length + 1;
    return this.#needed;
  }

  /** Returns whether the message is AuthenticationOk, which is not delivered. */
  #readMessage(message: Buffer): boolean {
    if (message[0] !== authentication) {
      this.#events.deliver(message);
      return false;
    }
    const code = message.readUInt32BE(headerSize);
    switch (code) {
      case request.ok:
        if (!this.#isProven) throw unproven();
        return true;
      case request.gss:
      case request.sspi:
        if (this.#handshake) throw protocolError('a second request for authentication');
        this.#handshake = this.#events.begin();
        this.#step(this.#handshake);
        return false;
      case request.gssContinue:
        if (!this.#handshake || this.#isProven) {
          throw protocolError('a handshake message outside of the handshake');
        }
        // A copy: the handshake may keep it beyond this call, and the bytes share memory with others.
        this.#step(this.#handshake, Buffer.from(message.subarray(requestSize)));
        return false;
      default:
        throw otherMethod(code);
    }
  }

  #step(handshake: ClientHandshakeLike, challenge?: Buffer): void {
    this.#isBusy = true;
    this.#events.waiting(true);
    handshake.step(challenge).then(
      ({ message, done }) => {
        if (this.#isOver) return;
        if (message) this.#events.send(gssResponse(message));
        this.#isProven = done;
        this.#isBusy = false;
        this.#readOn();
        this.#resume();
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  #resume(): void {
    if (!this.#isBusy) this.#events.waiting(false);
  }
}
