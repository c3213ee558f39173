// node examples/peers/client.mjs ADDRESS SERVER REQUEST...
// Sends requests to service.mjs: 'whoami', 'read NAME' or 'write NAME TEXT', each one argument. SERVER is the uid or
// SID of the account that must run the service. An Electron app has this code in its main process, and its windows call
// it by ipcRenderer.invoke().
import process from 'node:process';
import { createInterface } from 'node:readline';
import { connectPeer } from 'impersonate';

/** Uses no password and no secret: the system identifies each side to the other. */
async function connectService(address, server) {
  const socket = await connectPeer(address, { server });
  // An error ends the lines, and the next request reports it.
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    /** Responses arrive in the order of the requests. */
    async send(request) {
      socket.write(`${JSON.stringify(request)}\n`);
      const { done, value } = await lines.next();
      if (done) throw Object.assign(new Error('The service has disconnected'), { code: 'GONE' });
      const { error, result } = JSON.parse(value);
      if (error)
        throw Object.assign(new Error(`The service rejected the request: ${error}`), { code: error });
      return result;
    },
    close: () => socket.end(),
  };
}

const [address, server, ...requests] = process.argv.slice(2);
try {
  const service = await connectService(address, server);
  for (const request of requests) {
    const [command, name, ...words] = request.split(' ');
    const result = await service.send({ command, name, text: words.join(' ') }).catch(({ code }) => code);
    console.log(`${request}: ${result ?? 'done'}`);
  }
  service.close();
} catch ({ code }) {
  console.log(code);
  process.exitCode = 1;
}
