// The connection of the main process to the helper. No password: the system identifies each side to the other.
import process from 'node:process';
import { createInterface } from 'node:readline';
import { connectPeer } from 'impersonate';

const isWindows = process.platform === 'win32';
// The variables are for development, with a helper that you start yourself.
const address =
  process.env.EXAMPLE_HELPER ?? (isWindows ? '\\\\.\\pipe\\example-app' : '/run/example-app/socket');
/** Who must run the helper: LocalSystem or root. Another process that took the address gets no request. */
const owner = process.env.EXAMPLE_HELPER_USER ?? (isWindows ? 'S-1-5-18' : '0');

/** Sends requests to the helper, each on a connection of its own. */
export class Helper {
  /** Resolves to the result. Rejects with the helper's code, or that of the connection, as `code`. */
  async request(command, parameters = {}) {
    const socket = await connectPeer(address, { server: owner });
    try {
      // A pipe cannot be ended on one side only.
      socket.write(`${JSON.stringify({ command, ...parameters })}\n`);
      for await (const line of createInterface({ input: socket })) {
        const { error, result } = JSON.parse(line);
        if (error)
          throw Object.assign(new Error(`The helper rejected the request: ${error}`), { code: error });
        return result;
      }
      throw Object.assign(new Error('The helper has disconnected'), { code: 'GONE' });
    } finally {
      socket.destroy();
    }
  }
}
