import { linesOf } from '../support/children/child';
import { registered, usersSource } from '../support/children/sources';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

/** `at(who, name)`; `listen(server, path)` and `connect(path)`, which resolve, or reject with the error. */
const source = `
  const net = require('node:net');
  const http = require('node:http');
  const { withoutToken, createPeerServer } = require(${JSON.stringify(product)});
  const made = [];
  const listen = (...where) => new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.on('error', () => {}).end('served'));
    made.push(server);
    server.on('error', reject).listen(...where, () => resolve(server));
  });
  const connect = (...where) => new Promise((resolve, reject) => {
    const socket = net.connect(...where).on('error', reject).on('connect', () => { socket.destroy(); resolve('connected'); });
  });
  const ownerOf = (file) => withoutToken(() => String(fs.lstatSync(file).uid));
  const ways = [(fn) => tokens.alice.run(fn), (fn) => tokens.alice.runSync(() => { withoutReturn = fn(); }) ?? withoutReturn];
  let withoutReturn;
  const inBoth = async (fn) => { for (const way of ways) print(String(await outcome(() => way(fn)))); };
  const close = async () => { for (const server of made) await new Promise((done) => server.close(done)); };
`;

const lines = (text: string): Promise<string[]> => registered('sockets', `${source}\n${text}`);
const twice = (text: string): string[] => [text, text];

describeSwitching('sockets in the file system, in a flow and in a scope', () => {
  test('are connected to as the user', async () => {
    const found = await lines(`
      const server = await listen(path.join(folder, 's'));
      fs.chmodSync(path.join(folder, 's'), 0o600);
      await inBoth(() => connect(path.join(folder, 's')));
      fs.chownSync(path.join(folder, 's'), Number(alice.id), 0);
      await inBoth(() => connect(path.join(folder, 's')));
      await inBoth(() => connect({ path: path.join(folder, 'none') }));
      print(await connect(path.join(folder, 's')));
      await close();`);
    expect(found).toEqual([...twice('denied'), ...twice('connected'), ...twice('ENOENT'), 'connected']);
  });

  test('show the server the user, and not the service', async () => {
    const found = await lines(`
      const users = [];
      const server = createPeerServer({ mode: 0o666 });
      server.on('connection', (socket, token) => { users.push(token.user.id); token.close(); socket.end(); });
      await server.listen(path.join(folder, 's'));
      const ended = () => new Promise((done) => net.connect(path.join(folder, 's')).on('error', done).on('close', done).resume());
      for (const way of ways) await way(ended);
      await tokens.bob.run(ended);
      await tokens.bob.run(() => withoutToken(ended));
      print(users.join());
      await server.close();`);
    const { alice, bob, serviceId } = world;
    expect(found).toEqual([[alice.id, alice.id, bob.id, serviceId].join()]);
  });

  test('are bound, listened on and removed as the user', async () => {
    const found = await lines(`
      await inBoth(() => listen(path.join(folder, 'denied')));
      const modeOf = (name) => fs.statSync(name).mode;
      const asService = await listen({ path: path.join(folder, 's'), readableAll: true, writableAll: true });
      const mode = modeOf(path.join(folder, 's'));
      asService.close();
      let number = 0;
      for (const way of ways) {
        const file = within(alice, 's' + (number += 1));
        const server = await way(() => listen({ path: file, readableAll: true, writableAll: true }));
        print([ownerOf(file) === alice.id, modeOf(file) === mode, server.address() === file].join());
        print(await tokens.bob.run(() => connect(file)).catch(codeOf));
        print(await way(() => connect(file)));
        await new Promise((done) => server.close(done));
        print(String(fs.existsSync(file)));
        print(String(await outcome(() => way(() => listen(within(bob, 's'))))));
      }`);
    const each = ['true,true,true', 'denied', 'connected', 'false', 'denied'];
    expect(found).toEqual([...twice('denied'), ...each, ...each]);
  });

  test('are not removed from another folder that the user puts in the place of theirs', async () => {
    const found = await lines(`
      fs.mkdirSync(path.join(folder, 'services'));
      fs.writeFileSync(path.join(folder, 'services', 's'), 'of the service');
      await tokens.alice.run(() => fs.promises.mkdir(within(alice, 'mine')));
      const server = await tokens.alice.run(() => listen(within(alice, 'mine', 's')));
      await tokens.alice.run(async () => {
        await fs.promises.rename(within(alice, 'mine'), within(alice, 'moved'));
        await fs.promises.symlink(path.join(folder, 'services'), within(alice, 'mine'));
      });
      await new Promise((done) => server.close(done));
      print(String(fs.existsSync(path.join(folder, 'services', 's'))));
      print(String(fs.existsSync(within(alice, 'moved', 's'))));`);
    expect(found).toEqual(['true', 'false']);
  });

  test("are removed as the user: not if the folder has become another user's", async () => {
    const found = await lines(`
      const server = await tokens.alice.run(() => listen(within(alice, 's')));
      fs.chownSync(within(alice), Number(bob.id), 0);
      await new Promise((done) => server.close(done));
      print(String(fs.existsSync(within(alice, 's'))));`);
    expect(found).toEqual(['true']);
  });

  test('leave no descriptor open', async () => {
    const found = await lines(`
      const count = () => fs.readdirSync('/proc/self/fd').length;
      const round = async () => {
        const server = await tokens.alice.run(() => listen(within(alice, 's')));
        await tokens.alice.run(() => connect(within(alice, 's')));
        await outcome(() => tokens.alice.run(() => listen(within(alice, 's'))));
        await new Promise((done) => server.close(done));
        await new Promise(setImmediate);
      };
      await round();
      const before = count();
      for (let i = 0; i < 5; i++) await round();
      // The other end of a connection may still be open.
      for (let i = 0; i < 500 && count() > before; i++) await new Promise(setImmediate);
      print(String(count() <= before));`);
    expect(found).toEqual(['true']);
  });

  test('are not reached through the entries of the process in /proc', async () => {
    const found = await lines(`
      // The folder is open to all, but the one above it is not.
      const open = path.join(folder, 'closed', 'open');
      fs.mkdirSync(open, { recursive: true });
      fs.chmodSync(path.dirname(open), 0o700);
      await listen(path.join(open, 's'));
      fs.chmodSync(path.join(open, 's'), 0o666);
      fs.chmodSync(open, 0o777);
      const fd = fs.openSync(open, 'r');
      const through = (name) => '/proc/self/fd/' + fd + '/' + name;
      print(await connect(through('s')));
      await inBoth(() => connect(through('s')));
      await inBoth(() => listen(through('t')));
      await close();`);
    expect(found).toEqual(['connected', ...twice('denied'), ...twice('denied')]);
  });

  test('can be abstract, and then show the user', async () => {
    const found = await lines(`
      const { Token } = require(${JSON.stringify(product)});
      const name = '\\0impersonate-' + process.pid;
      const server = await tokens.bob.run(() => listen(name)).catch((error) => { print(error.code); });
      server.on('connection', (socket) => { const token = Token.fromPeer(socket); print(token.user.id); token.close(); });
      await inBoth(() => connect(name));
      server.close();`);
    const { id } = world.alice;
    expect(found.sort()).toEqual([...twice(id), ...twice('connected')].sort());
  });
});

describeSwitching('ports in a flow and in a scope', () => {
  test('below 1024 are bound as the user, who may not', async () => {
    const found = await lines(`
      const dgram = require('node:dgram');
      const bind = (port) => new Promise((resolve, reject) => {
        const socket = dgram.createSocket('udp4').on('error', reject);
        socket.bind(port, '127.0.0.1', () => { socket.close(); resolve('bound'); });
      });
      fs.readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8').trim() === '1024' || print('other start');
      for (const host of ['127.0.0.1', 'localhost']) await inBoth(() => listen(83, host));
      await inBoth(() => connect({ port: 9, host: '127.0.0.1', localPort: 84 }));
      await inBoth(() => bind(85));
      await inBoth(() => listen(0, '127.0.0.1').then(() => 'listening'));
      // What follows a call of a scope is the service's again.
      print(await new Promise((done) => tokens.alice.runSync(() => {
        const server = net.createServer().listen(0, '127.0.0.1', () => done(outcome(() => listen(86, '127.0.0.1').then(() => 'by the service'))));
        made.push(server);
      })));
      await close();`);
    expect(found).toEqual([
      ...Array<string>(4).fill('denied'),
      ...twice('denied'),
      ...twice('denied'),
      ...twice('listening'),
      'by the service',
    ]);
  });
});

describeSwitching('an http.Agent with a socket in the file system', () => {
  test('shares no connection between users, and opens one for each as that user', async () => {
    const found = await lines(`
      const seen = new Map();
      const server = createPeerServer({ mode: 0o666 });
      server.on('connection', (socket, token) => {
        const user = token.user.id;
        token.close();
        socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: ' + user.length + '\\r\\n\\r\\n' + user));
      });
      const socketPath = path.join(folder, 's');
      await server.listen(socketPath);
      const get = (agent) => new Promise((resolve, reject) => {
        http.get({ agent, socketPath }, (response) => {
          let text = '';
          response.on('data', (chunk) => { text += chunk; }).on('end', () => setImmediate(resolve, text));
        }).on('error', reject);
      });
      for (const agent of [new http.Agent({ keepAlive: true }), new http.Agent({ keepAlive: true, maxSockets: 1, maxTotalSockets: 1 }), new http.Agent({ maxTotalSockets: 1 })]) {
        const all = [];
        for (let i = 0; i < 3; i++) {
          all.push(tokens.alice.run(() => get(agent)), tokens.bob.run(() => get(agent)), get(agent));
          // A connection that is kept alive blocks the others until it is closed.
          if (agent.maxTotalSockets === 1 && agent.keepAlive) { await all.at(-3); break; }
        }
        if (agent.keepAlive && agent.maxTotalSockets === 1) { agent.destroy(); await Promise.allSettled(all); continue; }
        const users = await Promise.all(all);
        print(users.join());
        agent.destroy();
      }
      await server.close();
      process.exit();`);
    const { alice, bob, serviceId } = world;
    const each = [alice.id, bob.id, serviceId];
    const expected = [...each, ...each, ...each].join();
    expect(found).toEqual([expected, expected]);
  });
});

describeSwitching('a worker of a cluster', () => {
  test('binds only with `exclusive` in a flow, as the user', async () => {
    const found = await linesOf(
      `const cluster = require('node:cluster');
      if (cluster.isPrimary) {
        cluster.fork().on('exit', () => process.exit());
        return;
      }
      ${usersSource('cluster')}
      ${source}
      const file = (name) => path.join(folder, name);
      await inBoth(() => listen(file('s')));
      await inBoth(() => listen({ path: file('t'), exclusive: true }));
      await tokens.alice.run(() => listen({ path: within(alice, 'u'), exclusive: true })).then(() => print('listening'));
      process.exit();`,
    );
    expect(found).toEqual(['ERR_NOT_ROUTED', 'ERR_NOT_ROUTED', 'denied', 'denied', 'listening']);
  });
});
