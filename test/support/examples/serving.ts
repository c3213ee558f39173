// For --require, in an example that listens: a free port instead of its own, which the parent gets. Ends the example when the
// parent says so.
import net, { type AddressInfo } from 'node:net';
import type { Win32Identity } from '../world/win32';
import type { World } from '../world/world';

type Listen = (this: net.Server, ...args: unknown[]) => net.Server;

const { listen } = net.Server.prototype as unknown as { listen: Listen };

const isPort = (value: unknown): boolean =>
  value === undefined || typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));

const withFreePort = ([first, ...rest]: unknown[]): unknown[] => {
  if (isPort(first)) return [0, ...rest];
  const options = first as { readonly port?: unknown } | null;
  if (options !== null && typeof options === 'object' && isPort(options.port) && 'port' in options)
    return [{ ...options, port: 0 }, ...rest];
  return [first, ...rest];
};

(net.Server.prototype as unknown as { listen: Listen }).listen = function (...args) {
  this.once('listening', () => {
    const { port } = this.address() as Partial<AddressInfo>;
    if (port !== undefined) process.send?.({ port: String(port) });
  });
  return Reflect.apply(listen, this, withFreePort(args));
};

process.on('message', (message: 'end' | { readonly mint: 'alice' | 'bob' }) => {
  if (message === 'end') process.exit();
  // The handle of a token in this process, as IIS makes it for each request.
  const { world } = require('../world/world') as { world: World };
  process.send?.({ handle: (world[message.mint] as Win32Identity).mint().toString(16) });
});
