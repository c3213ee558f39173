import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number | undefined;
  /** What WWW-Authenticate says, decoded. */
  readonly challenge: string | undefined;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly path?: string;
  /** The leg of the scheme Negotiate. */
  readonly leg?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

export const negotiate = (leg: string): string => `Negotiate ${Buffer.from(leg).toString('base64')}`;

const decoded = (value: string | undefined): string | undefined =>
  value?.replace(/ (\S+)$/, (_whole, data: string) => ` ${Buffer.from(data, 'base64').toString()}`);

/** One keep-alive connection, asked one question after another. */
export class Client {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  /** Connections made. */
  connections = new Set<net.Socket>();

  constructor(port: number) {
    this.#port = port;
  }

  ask({ leg, body, headers, ...options }: Question = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          ...options,
          host: '127.0.0.1',
          port: this.#port,
          agent: this.#agent,
          headers: { ...(leg !== undefined && { authorization: negotiate(leg) }), ...headers },
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

  /** Proves in two legs who it is; what the last one is answered. */
  async logon(who: string, question: Question = {}): Promise<Answer> {
    const { challenge } = await this.ask({ ...question, leg: 'hello' });
    const nonce = challenge?.replace('Negotiate challenge ', '') ?? '';
    return this.ask({ ...question, leg: `i am ${who} ${nonce}` });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A server on a port of its own. */
export async function listen(server: net.Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Sends text as it stands, each part when the one before is answered; all that comes until the connection ends. */
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
