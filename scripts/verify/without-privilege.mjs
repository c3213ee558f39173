// A process without SeImpersonatePrivilege, which items/threads.mjs starts. It gets messages from its parent, with the
// password, and replies to each.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { loadSeam, openMachine } from './machine.mjs';
import { logon, withToken } from './tokens.mjs';

let machine;
let user;

const actions = {
  async start(message) {
    // Before the package is loaded: it reads the process's token.
    loadSeam().removeOwnPrivilege('SeImpersonatePrivilege');
    machine = await openMachine(message);
    user = { ...message.user, password: Buffer.from(message.user.password, 'base64') };
    if (message.rehearsal) {
      const { name, sid, password } = user;
      machine.seam.defineUser({ name, domain: '.', password: String(password), sid });
    }
    return {};
  },

  /** Enters a scope as the user: what the file has, or the code of the error. */
  enter: ({ type, file }) =>
    withToken(logon(machine, user, type), (token) => {
      try {
        return { outcome: token.runSync(() => readFileSync(file, 'utf8')) };
      } catch (error) {
        return { outcome: error.code };
      }
    }),

  /** Serves a pipe for the user. */
  async serve({ path }) {
    const { createPeerServer } = machine.product;
    this.server = createPeerServer({ allow: [user.sid] }, (_socket, token) => {
      this.arrived = { user: token.user.id, level: token.level };
      try {
        token.runSync(() => {});
        this.arrived.entering = 'done';
      } catch (error) {
        this.arrived.entering = error.code;
      }
      this.notify?.();
    });
    this.server.on('clientError', (error) => {
      this.arrived = { entering: error.code };
      this.notify?.();
    });
    await this.server.listen(path);
    return {};
  },

  /** What came of the client: { user, level, entering }. */
  async client() {
    if (this.arrived === undefined) await new Promise((resolve) => (this.notify = resolve));
    this.server.close();
    return { client: this.arrived };
  },
};

process.once('disconnect', () => process.exit());
process.on('message', (message) => {
  Promise.resolve()
    .then(() => actions[message.do](message))
    .then((reply) => process.send(reply))
    .catch((error) => process.send({ failure: `${error.code ?? error.name} ${error.message}` }));
});
