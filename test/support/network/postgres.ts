import { once } from 'node:events';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { cert, key } from './certificate';

/** Returns a message of PostgreSQL's protocol. */
export function message(type: string, ...parts: (string | Buffer | number)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part !== 'number') return Buffer.from(part);
      const field = Buffer.alloc(4);
      field.writeInt32BE(part);
      return field;
    }),
  );
  const head = Buffer.alloc(type.length + 4);
  head.write(type, 'latin1');
  head.writeUInt32BE(body.length + 4, type.length);
  return Buffer.concat([head, body]);
}

export const request = (code: number, data: string | Buffer = ''): Buffer => message('R', code, data);
export const errorResponse = (text: string): Buffer =>
  message('E', `SFATAL\0VFATAL\0C28000\0M${text}\0`, Buffer.alloc(1));
const [gss, gssContinue] = [7, 8];
const ready = message('Z', 'I');
const short = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

/** A result of one column, and its only row. */
const rowOf = (column: string, value: string): readonly [Buffer, Buffer] => [
  message('T', short(1), `${column}\0`, 0, short(0), 25, short(0xffff), -1, short(0)),
  message('D', short(1), Buffer.byteLength(value), value),
];

/** One client of a server. */
export class PostgresClient {
  /** The startup message's parameters, each with a null byte behind it. */
  startup = '';
  #socket: Socket;
  readonly #chunk: number;
  #wake = (): void => {};
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket, chunk: number) {
    this.#chunk = chunk;
    this.#socket = this.#watch(socket.setNoDelay(true));
  }

  #watch(socket: Socket): Socket {
    for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, () => this.#wake());
    return socket;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Reads bytes. Throws at the end of the connection. */
  async #read(size: number): Promise<Buffer> {
    while (this.#bytes.length < size) {
      const bytes = this.#socket.read() as Buffer | null;
      if (bytes) this.#bytes = Buffer.concat([this.#bytes, bytes]);
      else if (this.#socket.readableEnded || this.#socket.destroyed) throw new Error('the client has left');
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const result = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return result;
  }

  /** Reads a message. Its type is '' before the startup. */
  async read(hasType = true): Promise<{ type: string; body: Buffer }> {
    const type = hasType ? (await this.#read(1)).toString() : '';
    const size = (await this.#read(4)).readUInt32BE();
    // Such as the first message of TLS, which this server has not agreed to.
    if (size > 1_000_000) throw new Error('the client sends something else');
    return { type, body: Buffer.from(await this.#read(size - 4)) };
  }

  /** Reads a GSSResponse. */
  async answer(): Promise<string> {
    const { type, body } = await this.read();
    if (type !== 'p') throw new Error(`a message of type ${type}`);
    return body.toString();
  }

  async write(...messages: Buffer[]): Promise<void> {
    const bytes = Buffer.concat(messages);
    for (let start = 0; start < bytes.length; start += this.#chunk) {
      this.#socket.write(bytes.subarray(start, start + this.#chunk));
      if (this.#chunk !== Infinity) await turn();
    }
  }

  encrypt(): void {
    const certificate = { key, cert };
    const asked = { requestCert: true, rejectUnauthorized: false };
    const options = { isServer: true, ALPNProtocols: ['postgresql'], ...certificate, ...asked };
    this.#socket = this.#watch(new TLSSocket(this.#socket, options));
  }
}

export interface PostgresOptions {
  /** Authenticates a client, and returns the name that its queries get. */
  authenticate?: (client: PostgresClient) => Promise<string>;
  /** The bytes of each write. */
  chunk?: number;
  /** The reply to SSLRequest, after which TLS begins if it is `S`. */
  ssl?: string;
  /** Whether TLS begins at once. */
  isDirect?: boolean;
}

/** Authenticates by GSSAPI in one message of each side. */
export async function oneMessage(client: PostgresClient, code = gss): Promise<string> {
  await client.write(request(code));
  const answer = await client.answer();
  await client.write(request(gssContinue, 'proof'), request(0));
  return answer;
}

/** A server of PostgreSQL's protocol on localhost. Every query has one row: what `authenticate` has returned. */
export class TestPostgres {
  readonly clients: PostgresClient[] = [];
  /** The texts of the queries. */
  readonly queries: string[] = [];
  readonly #server: Server;
  readonly #options: PostgresOptions;

  private constructor(options: PostgresOptions) {
    this.#options = options;
    this.#server = net.createServer((socket) => {
      const client = new PostgresClient(socket, options.chunk ?? Infinity);
      this.clients.push(client);
      this.#serve(client).catch(() => client.socket.destroy());
    });
  }

  static async start(options: PostgresOptions = {}): Promise<TestPostgres> {
    const server = new TestPostgres(options);
    server.#server.listen(0, 'localhost');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  stop(): void {
    for (const { socket } of this.clients) socket.destroy();
    this.#server.close();
  }

  async #serve(client: PostgresClient): Promise<void> {
    const { ssl = 'N', authenticate = oneMessage, isDirect = false } = this.#options;
    if (isDirect) client.encrypt();
    let { body } = await client.read(false);
    if (body.readUInt32BE() === 80_877_103) {
      await client.write(Buffer.from(ssl));
      if (ssl.startsWith('S')) client.encrypt();
      ({ body } = await client.read(false));
    }
    client.startup = body.toString('latin1', 4);
    const who = await authenticate(client);
    await client.write(message('S', 'server_version\0', '15.0\0'), message('K', 1, 2), ready);
    let row: readonly [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
    for (;;) {
      const { type, body: query } = await client.read();
      if (type === 'Q' || type === 'P') {
        const text = query.toString().replaceAll('\0', '');
        this.queries.push(text);
        row = rowOf(/ as (\w+)/.exec(text)?.[1] ?? 'who', who);
      }
      if (type === 'Q') await client.write(...row, message('C', 'SELECT 1\0'), ready);
      if (type === 'P') await client.write(message('1'));
      if (type === 'B') await client.write(message('2'));
      if (type === 'D') await client.write(message('t', short(0)), row[0]);
      if (type === 'E') await client.write(row[1], message('C', 'SELECT 1\0'));
      if (type === 'S') await client.write(ready);
      if (type === 'X') client.socket.end();
    }
  }
}
