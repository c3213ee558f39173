// node examples/peers/client.mjs ADDRESS SERVER REQUEST...
// Asks service.mjs: 'whoami', 'read NAME' or 'write NAME TEXT', each an argument. SERVER is the uid or SID that the service
// must run as. An Electron app has this in its main process, and lets its windows ask by ipcRenderer.invoke().
import process from 'node:process';
import { createInterface } from 'node:readline';
import { connectPeer } from 'impersonate';

/** No password, no secret: each side learns from the system who the other one is. */
async function connectHelper(address, server) {
  const socket = await connectPeer(address, { server });
  // What goes wrong ends the lines, and the next question is told.
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    /** Answers come in the order of the questions. */
    async ask(request) {
      socket.write(`${JSON.stringify(request)}\n`);
      const { done, value } = await lines.next();
      if (done) throw Object.assign(new Error('The helper has gone'), { code: 'GONE' });
      const { error, result } = JSON.parse(value);
      if (error) throw Object.assign(new Error(`The helper has refused: ${error}`), { code: error });
      return result;
    },
    close: () => socket.end(),
  };
}

const [address, server, ...requests] = process.argv.slice(2);
try {
  const helper = await connectHelper(address, server);
  for (const request of requests) {
    const [command, name, ...words] = request.split(' ');
    const said = await helper.ask({ command, name, text: words.join(' ') }).catch(({ code }) => code);
    console.log(`${request}: ${said ?? 'done'}`);
  }
  helper.close();
} catch ({ code }) {
  console.log(code);
  process.exitCode = 1;
}
