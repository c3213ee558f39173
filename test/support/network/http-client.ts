import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

export interface Reply {
  readonly status: number | undefined;
  /** The value of WWW-Authenticate, decoded. */
  readonly challenge: string | undefined;
  readonly body: string;
}

export interface ClientRequest {
  readonly method?: string;
  readonly path?: string;
  /** The handshake message, sent by the scheme Negotiate. */
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

export const negotiate = (message: string): string => `Negotiate ${Buffer.from(message).toString('base64')}`;

const decoded = (value: string | undefined): string | undefined =>
  value?.replace(/ (\S+)$/, (_whole, data: string) => ` ${Buffer.from(data, 'base64').toString()}`);

/** A client with one keep-alive connection, which sends one request after another. */
export class Client {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  /** The connections made so far. */
  connections = new Set<net.Socket>();

  constructor(port: number) {
    this.#port = port;
  }

  send({ message, body, headers, ...options }: ClientRequest = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          ...options,
          host: '127.0.0.1',
          port: this.#port,
          agent: this.#agent,
          headers: { ...(message !== undefined && { authorization: negotiate(message) }), ...headers },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.once('error', reject);
          response.once('end', () => {
            const challenge = decoded(response.headers['www-authenticate']);
            resolve({ status: response.statusCode, challenge, body: text });
          });
        },
      );
      request.once('socket', (socket) => this.connections.add(socket));
      request.once('error', reject);
      request.end(body);
    });
  }

  /** Authenticates in two messages and resolves to the reply to the second. */
  async logon(who: string, request: ClientRequest = {}): Promise<Reply> {
    const { challenge } = await this.send({ ...request, message: 'hello' });
    const nonce = challenge?.replace('Negotiate challenge ', '') ?? '';
    return this.send({ ...request, message: `i am ${who} ${nonce}` });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Starts a server on a free port and resolves to the port. */
export async function listen(server: net.Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Sends raw text, each part after a reply to the previous one; resolves to all data received until the connection ends. */
export async function sendRaw(port: number, ...parts: string[]): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  const send = (): void => {
    const part = parts.shift();
    if (part !== undefined) socket.write(part);
  };
  socket.setEncoding('utf8').on('data', (part: string) => {
    received += part;
    send();
  });
  socket.on('error', () => {});
  send();
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}
