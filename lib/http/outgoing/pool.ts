import { setMaxListeners } from 'node:events';
import { ImpersonationError } from '../../internal/error';
import { asProcess } from '../../internal/flow-store';
import { Connection } from './connection';
import type { Settings } from './options';

const closedError = (): ImpersonationError =>
  new ImpersonationError('The client has been closed: make a new one', 'ERR_CLIENT_CLOSED');

/** A connection that waits for a request, and the timer that closes it. */
interface Idle {
  readonly connection: Connection;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections by origin and identity. A connection never serves another identity than the one it was opened for, whether
 * or not it has been authenticated.
 */
export class ConnectionPool {
  readonly #settings: Settings;
  readonly #open = new Set<Connection>();
  readonly #idle = new Map<string, Idle[]>();
  #isClosed = false;
  /** Aborted by destroy(), for connections that are being opened. */
  readonly #ended = new AbortController();
  #onEmpty: (() => void)[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
    // One for each connection that is being opened.
    setMaxListeners(0, this.#ended.signal);
  }

  /** Whether the pool has been closed. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /** Returns an unused connection, for one caller alone, until it is released; undefined if there is none. */
  take(key: string | undefined): Connection | undefined {
    const idle = this.#idle.get(key ?? '') ?? [];
    for (let found = idle.pop(); found; found = idle.pop()) {
      clearTimeout(found.timer);
      if (idle.length === 0) this.#idle.delete(key ?? '');
      if (!found.connection.closed) return found.connection;
    }
    return undefined;
  }

  /** Opens a connection. Rejects with ERR_CLIENT_CLOSED, or as `Connection.open()` does. */
  async open(url: URL, signal: AbortSignal): Promise<Connection> {
    this.#requireOpen();
    const connection = await Connection.open(url, this.#settings, signal, this.#ended.signal);
    this.#open.add(connection);
    connection.onClose(() => {
      this.#open.delete(connection);
      if (this.#open.size === 0) for (const report of this.#onEmpty.splice(0)) report();
    });
    if (this.#isClosed) connection.destroy();
    this.#requireOpen();
    return connection;
  }

  /** Makes the connection available under the key, or closes it without one, after its last response has been read. */
  release(key: string | undefined, connection: Connection): void {
    void connection.idle().then(() => {
      if (key === undefined || connection.closed || this.#isClosed) connection.destroy();
      else asProcess(() => this.#keep(key, connection));
    });
  }

  /** Closes unused connections, and the others after their response. Resolves when all are closed. */
  close(): Promise<void> {
    this.#end();
    return new Promise((resolve) => {
      if (this.#open.size === 0) resolve();
      else this.#onEmpty.push(resolve);
    });
  }

  /** Closes all connections. Pending requests fail with `error`. */
  destroy(error: Error = closedError()): void {
    this.#end();
    this.#ended.abort(error);
    for (const connection of this.#open) connection.destroy(error);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  #end(): void {
    this.#isClosed = true;
    for (const { connection } of [...this.#idle.values()].flat()) connection.destroy();
    this.#idle.clear();
  }

  #keep(key: string, connection: Connection): void {
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    const expire = (): void => {
      connection.destroy();
      idle.splice(idle.indexOf(entry), 1);
      if (idle.length === 0) this.#idle.delete(key);
    };
    const entry: Idle = { connection, timer: setTimeout(expire, this.#settings.idleTimeout).unref() };
    idle.push(entry);
  }
}
